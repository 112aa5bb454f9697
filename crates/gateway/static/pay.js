/* Makes a payer's page nicer; everything works without it: digits in groups, the card's brand, checks while typing, the time
   left, looking whether a payment is decided, and telling the page around a frame. */
(function () {
  "use strict";
  var main = document.querySelector("main");
  var form = document.getElementById("pay");
  if (!main) return;

  /* The card number. */
  var BRANDS = [
    ["Visa", /^4/, [4, 4, 4, 4, 3]],
    ["Mastercard", /^(5[1-5]|2[2-7])/, [4, 4, 4, 4]],
    ["American Express", /^3[47]/, [4, 6, 5]],
    ["Diners Club", /^3[068]/, [4, 6, 4]],
    ["Discover", /^6(011|5)/, [4, 4, 4, 4]],
    ["JCB", /^35/, [4, 4, 4, 4]],
    ["Maestro", /^(5[06-9]|6)/, [4, 4, 4, 4, 3]]
  ];

  function digits(text) {
    return text.replace(/\D/g, "");
  }

  function letters(text) {
    return text.replace(/[^0-9a-z]/gi, "").toUpperCase();
  }

  function brandOf(number) {
    return BRANDS.find(function (brand) { return brand[1].test(number); });
  }

  function grouped(number, sizes) {
    var parts = [], at = 0;
    sizes.forEach(function (size) {
      if (at < number.length) parts.push(number.slice(at, at + size));
      at += size;
    });
    if (at < number.length) parts.push(number.slice(at));
    return parts.join(" ");
  }

  function luhn(number) {
    var sum = 0;
    for (var place = 0; place < number.length; place++) {
      var digit = Number(number[number.length - 1 - place]);
      if (place % 2) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
      sum += digit;
    }
    return sum % 10 === 0;
  }

  /* Groups what is typed, and keeps the caret behind the character it stood behind. `plain` leaves what may stand there. */
  function group(field, plain, sizesOf) {
    function draw() {
      if (plain(field.value).length !== field.value.replace(/[\s-]/g, "").length) return;
      var before = plain(field.value.slice(0, field.selectionStart)).length;
      var value = plain(field.value);
      field.value = grouped(value, sizesOf(value));
      var at = 0;
      for (var seen = 0; seen < before && at < field.value.length; at++) if (field.value[at] !== " ") seen++;
      if (document.activeElement === field) field.setSelectionRange(at, at);
    }
    field.addEventListener("input", draw);
    draw();
  }

  function say(field, problem) {
    var note = document.getElementById(field.id + "-note");
    if (problem) {
      field.setAttribute("aria-invalid", "true");
      var line = document.createElement("p");
      line.className = "error";
      line.textContent = problem;
      note.replaceChildren(line);
    } else {
      field.removeAttribute("aria-invalid");
      note.replaceChildren();
    }
  }

  /* Checks a field that was left, a moment later: a button that is being pressed must not move away from under the finger. */
  function whenLeft(field, check) {
    var soon = function () {
      setTimeout(function () { return document.querySelector(".button:active") ? soon() : check(); }, 250);
    };
    field.addEventListener("blur", soon);
  }

  var number = document.getElementById("card_number");
  if (form && number) {
    var label = document.querySelector('label[for="card_number"]');
    var brandName = document.createElement("span");
    brandName.className = "brand";
    label.append(" ", brandName);
    group(number, digits, function (value) {
      var brand = brandOf(value);
      brandName.textContent = brand && value.length > 1 ? brand[0] : "";
      return brand ? brand[2] : [4, 4, 4, 4, 3];
    });
    whenLeft(number, function () {
      var value = digits(number.value);
      if (!value) return;
      if (value.length < 12 || value.length > 19) say(number, form.dataset.length);
      else say(number, luhn(value) ? "" : form.dataset.number);
    });
  }
  var voucher = document.getElementById("voucher_code");
  if (voucher) group(voucher, digits, function () { return [4, 4, 4, 4]; });

  /* An IBAN's check digits (ISO 13616). */
  function ibanFits(iban) {
    var rest = 0;
    (iban.slice(4) + iban.slice(0, 4)).split("").forEach(function (character) {
      var value = parseInt(character, 36);
      rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
    });
    return iban.length >= 15 && rest === 1;
  }
  var iban = document.getElementById("iban");
  if (form && iban) {
    group(iban, letters, function () { return [4, 4, 4, 4, 4, 4, 4, 4]; });
    whenLeft(iban, function () {
      var value = letters(iban.value);
      if (value) say(iban, ibanFits(value) ? "" : form.dataset.iban);
    });
  }

  /* The button says what happens, also while the payer chooses the amount. */
  var amount = document.getElementById("amount");
  if (form && amount) {
    var label2 = function () {
      var text = amount.value.trim();
      var readable = /^\d+([.,]\d+)?$/.test(text.replace(/\s/g, ""));
      var says = readable ? form.dataset.pay.replace("{amount}", text + " " + form.dataset.currency) : form.dataset.open;
      form.querySelectorAll(".pays").forEach(function (button) { button.textContent = says; });
    };
    amount.addEventListener("input", label2);
    label2();
  }

  /* One press is enough. The server makes one attempt of a page anyway. */
  document.querySelectorAll("form").forEach(function (each) {
    each.addEventListener("submit", function (event) {
      if (each.dataset.sent) return event.preventDefault();
      each.dataset.sent = "yes";
      each.setAttribute("aria-busy", "true");
    });
  });
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) location.reload();
  });

  /* What is wrong comes first. */
  var faulty = document.querySelector('[aria-invalid="true"]');
  if (faulty) faulty.focus();

  /* The time left; at its end the page says so itself. */
  var time = document.getElementById("time");
  if (time && time.dataset.until) {
    var left = Date.parse(time.dataset.until) - Date.now();
    if (left > 0 && left < 7200000) setTimeout(function () { location.reload(); }, left + 1000);
  }

  /* Whether it is decided. */
  var polled = document.querySelector("[data-poll]");
  if (polled) {
    var wait = 2000;
    var ask = function () {
      fetch(polled.dataset.poll, { cache: "no-store" })
        .then(function (answer) { return answer.json(); })
        .then(function (told) {
          if (told.transaction_status === "pending") return again();
          if (window.parent === window && told.return_url) location.replace(told.return_url);
          else location.reload();
        })
        .catch(again);
    };
    var again = function () {
      wait = Math.min(wait * 1.3, 15000);
      setTimeout(ask, wait);
    };
    setTimeout(ask, wait);
  }

  /* The page around a frame: only the site that framed us, and only if it is registered. */
  if (window.parent !== window) {
    document.documentElement.classList.add("framed");
    var name = /^florin (https?:\/\/\S+)$/.exec(window.name);
    var origin = name && name[1];
    var registered = main.dataset.origins.split(" ").some(function (known) {
      return known === origin || (known === "http://localhost:*" && /^http:\/\/localhost(:\d+)?$/.test(origin));
    });
    var tell = function (told) {
      if (!registered) return;
      told.florin = 1;
      window.parent.postMessage(told, origin);
    };
    var state = { status: main.dataset.status, transaction_id: main.dataset.transaction, tracking_id: main.dataset.tracking };
    var height = function () {
      tell({ type: "resize", height: document.body.scrollHeight });
    };
    tell({ type: "ready", transaction_id: state.transaction_id, tracking_id: state.tracking_id });
    tell(Object.assign({ type: "status" }, state));
    height();
    new ResizeObserver(height).observe(document.body);
    var close = document.getElementById("close");
    if (close && registered && state.status !== "pending" && !document.querySelector("a.closes")) close.hidden = false;
    document.querySelectorAll(".closes").forEach(function (control) {
      control.addEventListener("click", function () { tell(Object.assign({ type: "close" }, state)); });
    });
  }
})();
