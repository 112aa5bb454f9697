/* Makes the page of a coin payment live: buttons that copy, a clock that runs, and a page that follows the chain without being
   loaded again. Everything works without it. */
(function () {
  "use strict";
  var told = document.getElementById("told");
  var card = function () { return document.getElementById("coins"); };
  if (!told || !card()) return;

  /* Said to screen readers. Emptied first, so that the same words are heard again. */
  function say(text) {
    told.textContent = "";
    setTimeout(function () { told.textContent = text; }, 60);
  }

  /* Copying. Where a page is not served securely, browsers have only the old way. */
  function copied(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    return new Promise(function (resolve, reject) {
      var field = document.createElement("textarea");
      field.value = text;
      field.className = "hidden";
      field.setAttribute("readonly", "");
      document.body.append(field);
      field.select();
      var done = document.execCommand && document.execCommand("copy");
      field.remove();
      return done ? resolve() : reject(new Error("not copied"));
    });
  }

  function copying(button) {
    var label = button.querySelector(".says");
    var before = label.textContent;
    button.hidden = false;
    button.addEventListener("click", function () {
      copied(button.dataset.copy).then(function () {
        button.classList.add("done");
        label.textContent = button.dataset.done;
        say(button.dataset.done);
        setTimeout(function () {
          label.textContent = before;
          button.classList.remove("done");
        }, 2000);
      }, function () {
        button.hidden = true;
      });
    });
  }

  /* The clock: by what the server says is left, whatever the device believes the time is. */
  var end = 0;
  var last = Infinity;

  function wind(seconds) {
    end = performance.now() + seconds * 1000;
    tick();
  }

  function tick() {
    var shown = document.getElementById("left");
    if (!shown) return;
    var left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    var seconds = left % 60;
    shown.textContent = left ? Math.floor(left / 60) + ":" + (seconds < 10 ? "0" : "") + seconds : shown.dataset.over;
    if (last > 300 && left <= 300 && left > 240) say(shown.dataset.five);
    if (last > 60 && left <= 60 && left > 0) say(shown.dataset.one);
    if (last > 0 && !left) ask();
    last = left;
  }

  function begin() {
    card().querySelectorAll("[data-copy]").forEach(copying);
    var shown = document.getElementById("left");
    if (!shown) return;
    last = Number(shown.dataset.left);
    wind(last);
  }

  /* What changed is drawn in its place, and said. */
  function draw(text) {
    var page = new DOMParser().parseFromString(text, "text/html");
    var fresh = page.getElementById("coins");
    var header = page.querySelector("main > header");
    if (!fresh || !header) return location.reload();
    var held = card().contains(document.activeElement);
    document.querySelector("main > header").replaceWith(header);
    card().replaceWith(fresh);
    document.title = page.title;
    begin();
    if (held) {
      fresh.tabIndex = -1;
      fresh.focus({ preventScroll: true });
    }
    say(fresh.querySelector(".state").textContent.replace(/\s+/g, " ").trim());
  }

  var wait = 0;
  var timer = 0;
  var asking = false;

  function later(seconds) {
    clearTimeout(timer);
    if (card().hasAttribute("data-goes-on")) timer = setTimeout(ask, seconds * 1000);
  }

  function ask() {
    if (asking) return;
    asking = true;
    fetch(card().dataset.status, { cache: "no-store" })
      .then(function (answer) { return answer.json(); })
      .then(function (now) {
        if (Math.abs((end - performance.now()) / 1000 - now.expires_in) > 2) wind(now.expires_in);
        if (now.shows === card().dataset.shows) return;
        return fetch(location.href, { cache: "no-store" }).then(function (answer) {
          if (!answer.ok) throw new Error("no page");
          return answer.text();
        }).then(draw);
      })
      .then(function () { wait = 0; }, function () { wait = Math.min(wait + 5, 30); })
      .then(function () {
        asking = false;
        later(3 + wait + (document.hidden ? 12 : 0));
      });
  }

  begin();
  setInterval(tick, 500);
  later(3);
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden && card().hasAttribute("data-goes-on")) ask();
  });
})();
