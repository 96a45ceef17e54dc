"use strict";
/* Registers: photographs are made smaller before they are sent, communes are found while one writes, and a position is chosen on a map. */
(() => {
  const LONGEST = 2400, LARGE = 1500000;
  for (const field of document.querySelectorAll("input[data-shrink]")) {
    field.addEventListener("change", async () => {
      const file = field.files[0];
      if (!file || !file.type.startsWith("image/") || file.size < LARGE) return;
      const button = field.form.querySelector("button");
      button.disabled = true;
      try {
        const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
        const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height)), canvas = document.createElement("canvas");
        canvas.width = Math.round(picture.width * scale); canvas.height = Math.round(picture.height * scale);
        canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
        const smaller = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.85); });
        if (smaller && smaller.size < file.size) {
          const sent = new DataTransfer();
          sent.items.add(new File([smaller], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" }));
          field.files = sent.files;
        }
      } catch { /* What can't be drawn is sent as it is, and the service says what is wrong with it. */ }
      button.disabled = false;
    });
  }

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
  const lat = document.getElementById("lat"), lon = document.getElementById("lon");
  if (!lat || !lon) return;
  const comma = document.documentElement.lang === "vi" ? "," : ".";
  const number = (field) => { const found = Number.parseFloat(field.value.replace(",", ".")); return Number.isFinite(found) ? found : null; };
  const put = (at) => {
    for (const [field, value] of [[lat, at[0]], [lon, at[1]]]) { field.value = value.toFixed(6).replace(".", comma); field.dispatchEvent(new Event("input", { bubbles: true })); }
  };

  const locate = document.querySelector("[data-locate]");
  if (locate && navigator.geolocation) {
    locate.hidden = false;
    locate.addEventListener("click", () => navigator.geolocation.getCurrentPosition(({ coords }) => {
      put([coords.latitude, coords.longitude]);
      if (map) move([coords.latitude, coords.longitude], 14);
    }));
  }

  /* The map is our own drawing: communes by name, the places around, and a pin. It is fetched when it is asked for. */
  const box = document.getElementById("pin-map"), open = document.querySelector("[data-pin]");
  let map = null, pin = null, named = null, drawn = "";
  open.hidden = false;
  open.addEventListener("click", async () => {
    box.hidden = !box.hidden;
    if (box.hidden || map) return;
    await load();
    const start = await beginning();
    map = L.map(box, { attributionControl: false, zoomSnap: 0.5, minZoom: 7, maxZoom: 17 }).setView(start, number(lat) === null ? 11 : 14);
    named = L.layerGroup().addTo(map);
    pin = L.marker(start, { draggable: true, autoPan: true, alt: box.getAttribute("aria-label"), icon: L.divIcon({ className: "pin", iconSize: [26, 26], iconAnchor: [13, 26] }) }).addTo(map);
    pin.on("dragend", () => { const at = pin.getLatLng(); put([at.lat, at.lng]); });
    map.on("click", ({ latlng }) => { pin.setLatLng(latlng); put([latlng.lat, latlng.lng]); });
    map.on("moveend", draw);
    L.control.scale({ imperial: false }).addTo(map);
    draw();
  });
  for (const field of [lat, lon]) field.addEventListener("change", () => { if (map && number(lat) !== null && number(lon) !== null) move([number(lat), number(lon)], map.getZoom()); });
  function move(at, zoom) { pin.setLatLng(at); map.setView(at, zoom); }
  function load() {
    return new Promise((done, failed) => {
      const style = document.createElement("link"), script = document.createElement("script");
      style.rel = "stylesheet"; style.href = box.dataset.style; document.head.append(style);
      script.src = box.dataset.script; script.onload = done; script.onerror = failed; document.head.append(script);
    });
  }
  async function beginning() {
    if (number(lat) !== null && number(lon) !== null) return [number(lat), number(lon)];
    const wanted = commune ? commune.value.trim() : "";
    const answer = wanted.length > 2 ? await fetch(`/communes?q=${encodeURIComponent(wanted)}`, { headers: { accept: "application/json" } }).catch(() => null) : null;
    const found = answer && answer.ok ? await answer.json() : [];
    return found.length ? [found[0].lat, found[0].lon] : [21.27, 106.2];
  }
  async function draw() {
    const at = map.getCenter(), asked = `lat=${at.lat.toFixed(2)}&lon=${at.lng.toFixed(2)}`;
    if (asked === drawn) return;
    drawn = asked;
    const answer = await fetch(`/communes/around?${asked}`, { headers: { accept: "application/json" } }).catch(() => null);
    if (!answer || !answer.ok || asked !== drawn) return;
    named.clearLayers();
    for (const one of await answer.json()) {
      const words = document.createElement("span"); words.textContent = one.name;
      L.circleMarker([one.lat, one.lon], { radius: 3, interactive: false, className: "commune" }).bindTooltip(words, { permanent: true, direction: "right", className: "commune-name" }).addTo(named);
    }
  }
})();
