"use strict";
/* Registers: communes are found while one writes, and a telephone's position fills in latitude and longitude. */
(() => {
  const commune = document.querySelector("input[list='commune_code-list']");
  if (commune) {
    const list = document.getElementById("commune_code-list");
    let asked = "", timer = 0;
    commune.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const wanted = commune.value.trim();
        if (wanted.length < 3 || wanted === asked) return;
        asked = wanted;
        const answer = await fetch(`/communes?q=${encodeURIComponent(wanted)}`, { headers: { accept: "application/json" } }).catch(() => null);
        if (!answer || !answer.ok) return;
        const found = await answer.json();
        list.replaceChildren(...found.map((one) => { const option = document.createElement("option"); option.value = one.full; option.label = one.formerly; return option; }));
      }, 250);
    });
  }
  const button = document.querySelector("[data-locate]"), lat = document.getElementById("lat"), lon = document.getElementById("lon");
  if (button && lat && lon && navigator.geolocation) {
    button.hidden = false;
    button.addEventListener("click", () => navigator.geolocation.getCurrentPosition(({ coords }) => {
      const comma = document.documentElement.lang === "vi" ? "," : ".";
      for (const [field, value] of [[lat, coords.latitude], [lon, coords.longitude]]) { field.value = value.toFixed(6).replace(".", comma); field.dispatchEvent(new Event("input", { bubbles: true })); }
    }));
  }
})();
