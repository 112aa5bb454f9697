/* Puts a checkout into a shop's page: each form.paymentWidgets becomes a frame on our origin, so that card data never touches the
   page. Loaded as {mount}/checkouts/{id} or {mount}/paymentWidgets.js?checkoutId={id}. No cookies, nothing from elsewhere. */
(function () {
  "use strict";
  var script = document.currentScript || Array.prototype.filter.call(document.scripts, function (each) {
    return /\/(checkouts\/[^/?]+|paymentWidgets\.js)(\?|$)/.test(each.src);
  }).pop();
  if (!script) return;
  var source = new URL(script.src, location.href);
  var named = source.searchParams.get("checkoutId");
  var id = (named || source.pathname.replace(/\/+$/, "").split("/").pop()).split("/")[0];
  var mount = source.pathname.replace(/\/+(paymentWidgets\.js|checkouts\/.*)$/, "");
  var options = window.wpwlOptions || {};

  function call(name, argument) {
    try {
      if (typeof options[name] === "function") return options[name](argument);
    } catch (error) {
      setTimeout(function () { throw error; });
    }
  }

  /* The colours around the form tell whether the page is dark, whatever the payer's device prefers. */
  function themeAround(element) {
    // Behind everything is the browser's own canvas.
    var canvas = document.createElement("i");
    canvas.style.backgroundColor = "Canvas";
    element.appendChild(canvas);
    var layers = [];
    for (var each = element; each; each = each.parentElement) layers.push(each);
    layers.push(canvas);
    for (var place = 0; place < layers.length; place++) {
      var background = getComputedStyle(layers[place]).backgroundColor;
      var colour = /^rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)/.exec(background);
      if (!colour || colour[4] === "0") continue;
      return 0.299 * colour[1] + 0.587 * colour[2] + 0.114 * colour[3] < 128 ? "dark" : "light";
    }
    return "";
  }

  /* Absolute, on the web; else nothing. */
  function webUrl(text) {
    try {
      var url = new URL(text, document.baseURI);
      return /^https?:$/.test(url.protocol) ? url.href : "";
    } catch (error) {
      return "";
    }
  }

  function mountFrame(form) {
    var brands = (form.getAttribute("data-brands") || form.textContent || "").trim().split(/[\s,]+/).join(" ");
    var theme = themeAround(form);
    var asked = new URLSearchParams({ origin: location.origin, theme: theme });
    if (brands) asked.set("brands", brands);
    var action = form.getAttribute("action");
    if (action) asked.set("action", webUrl(action));
    if (options.locale) asked.set("locale", String(options.locale).replace("_", "-"));
    if (options.style) asked.set("style", options.style);
    if (options.requireCvv === false) asked.set("cvv", "optional");
    if (options.brandDetection === false) asked.set("brandDetection", "false");

    var frame = document.createElement("iframe");
    // The name tells the page inside whom to speak to; it speaks to sites that may hold it only.
    frame.name = "florin " + location.origin;
    frame.src = source.origin + mount + "/checkouts/" + encodeURIComponent(id) + "/frame?" + asked;
    frame.title = "Payment";
    frame.allow = "payment";
    frame.style.cssText = "display:block;width:100%;height:480px;border:0;color-scheme:" + (theme || "normal");
    window.addEventListener("message", function (event) {
      if (event.source !== frame.contentWindow || event.origin !== source.origin) return;
      var told = event.data;
      if (told && told.florin === 1) hear(frame, told);
    });
    var box = document.createElement("div");
    box.className = "wpwl-container";
    // The page inside keeps so much room for the ring around what has the focus.
    box.style.margin = "-4px";
    box.appendChild(frame);
    form.replaceWith(box);
  }

  var ready = false;

  function hear(frame, told) {
    if (told.type === "resize" && told.height > 0) frame.style.height = Math.ceil(told.height) + "px";
    if (told.type === "ready" && !ready) {
      ready = true;
      call("onReady");
    }
    if (told.type === "error") {
      var error = new Error("This checkout does not exist, or its time is over.");
      error.name = told.name;
      call("onError", error);
    }
    if (told.type === "submit") {
      Promise.resolve(call("onBeforeSubmitCard", {})).then(function (answer) {
        if (answer !== false) frame.contentWindow.postMessage({ florin: 1, type: "go" }, source.origin);
      });
    }
    if (told.type === "submitted") {
      // The bank's page may come next, which cannot say how tall it is (EMV 3-D Secure: 500 by 600).
      frame.style.height = Math.max(frame.offsetHeight, 640) + "px";
      call("onAfterSubmit");
    }
    if (told.type === "leave" && webUrl(told.url)) (window.top || window).location.assign(webUrl(told.url));
  }

  function mountAll() {
    document.querySelectorAll("form.paymentWidgets").forEach(mountFrame);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountAll);
  else mountAll();
})();
