/* Puts the cashier into a merchant's page. No cookies, nothing from elsewhere.
   <div data-florin-token="…"></div><script src="https://pay.example/cashier.js" async></script>
   or FlorinCashier.mount(element, {token, onEvent}) and FlorinCashier.redirect(token). */
(function () {
  "use strict";
  if (window.FlorinCashier) return;
  var script = document.currentScript;
  var base = new URL(script ? script.src : location.href).origin;

  function address(token) {
    return base + "/cashier/" + encodeURIComponent(token);
  }

  function mount(element, options) {
    var frame = document.createElement("iframe");
    // The name tells the page inside whom to speak to; it speaks to registered sites only.
    frame.name = "florin " + location.origin;
    frame.src = address(options.token);
    frame.title = "Payment";
    frame.allow = "payment";
    frame.style.cssText = "display:block;width:100%;height:640px;border:0;color-scheme:normal";
    function hear(event) {
      if (event.source !== frame.contentWindow || event.origin !== base) return;
      var told = event.data;
      if (!told || told.florin !== 1) return;
      if (told.type === "resize" && told.height > 0) frame.style.height = Math.ceil(told.height) + "px";
      if (options.onEvent) options.onEvent(told);
      element.dispatchEvent(new CustomEvent("florin", { detail: told, bubbles: true }));
    }
    window.addEventListener("message", hear);
    element.textContent = "";
    element.appendChild(frame);
    return {
      frame: frame,
      unmount: function () {
        window.removeEventListener("message", hear);
        frame.remove();
      }
    };
  }

  function redirect(token) {
    location.assign(address(token));
  }

  function mountAll() {
    document.querySelectorAll("[data-florin-token]").forEach(function (element) {
      if (element.querySelector("iframe")) return;
      mount(element, { token: element.getAttribute("data-florin-token") });
    });
  }

  window.FlorinCashier = { mount: mount, redirect: redirect };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountAll);
  else mountAll();
})();
