/* A checkout's page inside a shop's page: it asks before a card is sent, and says when the payer is done. pay.js does the rest.
   In a window of its own there is nothing to do. */
(function () {
  "use strict";
  var main = document.querySelector("main");
  if (!main || window.parent === window) return;
  var name = /^florin (https?:\/\/\S+)$/.exec(window.name);
  var origin = name && name[1];
  if (!origin || !main.dataset.origins.split(" ").includes(origin)) return;

  function tell(told) {
    told.florin = 1;
    window.parent.postMessage(told, origin);
  }

  var close = document.getElementById("close");
  if (close) close.hidden = true;

  /* Nothing can be paid here; or all is done, and the shop's page goes where the link leads. */
  var form = document.getElementById("pay");
  var back = document.querySelector("a.closes");
  if (main.dataset.next === "invalid") tell({ type: "error", name: "InvalidCheckoutIdError" });
  else if (!form && back) tell({ type: "leave", url: back.href });
  document.querySelectorAll("a.closes").forEach(function (link) {
    link.addEventListener("click", function (event) {
      event.preventDefault();
      tell({ type: "leave", url: link.href });
    });
  });

  /* The shop may look before a card is sent. It never sees the card. */
  if (!form) return;
  var cleared = false;
  form.addEventListener("submit", function (event) {
    var byCard = form.querySelector('input[name="way"]:checked');
    if (cleared || (byCard && byCard.value !== "card")) return tell({ type: "submitted" });
    event.preventDefault();
    event.stopImmediatePropagation();
    tell({ type: "submit" });
  }, true);
  window.addEventListener("message", function (event) {
    if (event.source !== window.parent || event.origin !== origin) return;
    if (!event.data || event.data.florin !== 1 || event.data.type !== "go" || cleared) return;
    cleared = true;
    form.requestSubmit(form.querySelector(".pays"));
  });
})();
