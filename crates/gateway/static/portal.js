/* Makes the portal nicer; everything works without it: copying, opening a row by a click, moving between rows by the
   keyboard, looking again at what is under way. */
(function () {
  "use strict";

  /* Copying. The buttons appear only where the browser can. */
  if (navigator.clipboard) {
    document.querySelectorAll("[data-copy]").forEach(function (button) {
      var label = button.textContent;
      button.hidden = false;
      button.addEventListener("click", function (event) {
        event.stopPropagation();
        navigator.clipboard.writeText(button.dataset.copy).then(function () {
          button.textContent = "Copied";
          setTimeout(function () { button.textContent = label; }, 2000);
        });
      });
    });
  }

  /* What is under way is looked at again by itself; without a script a link does it. */
  var underWay = document.querySelector("[data-look-again]");
  if (underWay) setTimeout(function () { location.reload(); }, Number(underWay.dataset.lookAgain));
  /* Images that a form takes as text: a file chosen here becomes that text. */
  document.querySelectorAll("[data-image]").forEach(function (field) {
    var text = field.querySelector("textarea");
    var label = document.createElement("label");
    var file = document.createElement("input");
    label.className = "hint";
    label.textContent = "Or choose a file: ";
    file.type = "file";
    file.accept = "image/png,image/jpeg,image/webp,image/svg+xml";
    file.addEventListener("change", function () {
      if (!file.files.length) return;
      var reader = new FileReader();
      reader.addEventListener("load", function () { text.value = reader.result; });
      reader.readAsDataURL(file.files[0]);
    });
    label.append(file);
    field.append(label);
  });

  /* Rows that lead somewhere: a click anywhere but on what does something itself. */
  var rows = Array.prototype.slice.call(document.querySelectorAll("tr[data-href]"));
  rows.forEach(function (row) {
    row.addEventListener("click", function (event) {
      if (event.target.closest("a, button, input, select, label, summary") || String(getSelection())) return;
      location.assign(row.dataset.href);
    });
  });

  /* j and k, or the arrows while a row has the focus, move between rows; Enter follows the row's own link. */
  function links() {
    return rows.map(function (row) { return row.querySelector("a"); }).filter(Boolean);
  }
  document.addEventListener("keydown", function (event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, textarea")) return;
    var all = links();
    if (!all.length) return;
    var here = all.indexOf(document.activeElement);
    var step = { j: 1, k: -1 }[event.key] || (here >= 0 && { ArrowDown: 1, ArrowUp: -1 }[event.key]);
    if (!step) return;
    event.preventDefault();
    all[Math.max(0, Math.min(all.length - 1, here + step))].focus();
  });
})();
