"use strict";
/* Asks the device for a passkey and sends what it answers with the form. Forms for passkeys stay hidden where this can't be done. */
(() => {
  const isAddress = /^[\d.]+$|:/.test(location.hostname);
  if (!window.PublicKeyCredential || !window.isSecureContext || isAddress) return;

  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  function asked(options) {
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const one of [...(options.excludeCredentials || []), ...(options.allowCredentials || [])]) one.id = bytes(one.id);
    return { publicKey: options };
  }

  function answered(made) {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (made.response[name]) response[name] = text(made.response[name]);
    }
    return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {} });
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("button[type=button]"), said = form.querySelector("[role=status]");
    form.hidden = false;
    form.parentElement.querySelector("[data-no-passkey]")?.remove();
    button.addEventListener("click", async () => {
      if (!form.reportValidity()) return;
      said.textContent = "";
      try {
        const given = await (await fetch(form.dataset.passkey, { cache: "no-store", headers: { Accept: "application/json" } })).json();
        const wanted = asked(given.options);
        const made = await (given.options.user ? navigator.credentials.create(wanted) : navigator.credentials.get(wanted));
        form.elements.credential.value = answered(made);
        form.elements.ticket.value = given.ticket;
      } catch {
        said.textContent = form.dataset.failed;
        return;
      }
      form.requestSubmit();
    });
  }
})();
