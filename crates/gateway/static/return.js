/* Sends the payer's browser back to the shop by the form of the page; without a script its button does. */
document.getElementById("return").submit();
