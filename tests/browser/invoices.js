// The pages of transaction services: the Standard Checkout, invoices and pay links.

import assert from "node:assert/strict";

import { startShop } from "./stage.js";

const GOOD = "4111111111111111";
const CHALLENGED = "4000000000003220";
const NO_FUNDS = "4000000000009995";

const THANKS = `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Thank you</title><main><h1>Thank you</h1></main></html>`;

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

/** A shop whose page is a form with a button, and to which payers come back. */
async function atShop(server, story) {
  let fields = {};
  const page = () => `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Shop</title><main><h1>Your order</h1>
    <form method="post" action="${server.base}/transaction/Checkout">${Object.entries(fields).map(([name, value]) =>
      `<input type="hidden" name="${name}" value="${escaped(value)}">`).join("")}<button>To the checkout</button></form></main></html>`;
  const shop = await startShop((path) => (path.startsWith("/return") ? THANKS : page()));
  const base = `http://localhost:${shop.port}`;
  try {
    await story(base, (sent) => { fields = sent; });
  } finally {
    await shop.stop();
  }
}

/** Without a script the way back is a button. */
async function isBack(visitor, base) {
  if (!visitor.place.javaScriptEnabled) await visitor.page.getByRole("button").first().click();
  await visitor.page.waitForURL(`${base}/return`);
  await visitor.sees("Thank you");
}

async function stands(server, reference, status) {
  const { invoiceDetails } = await server.aboutInvoice("inquiry", reference);
  assert.equal(invoiceDetails.invoiceStatus, status);
}

export const invoicePages = {
  async invoice(visitor, server) {
    await atShop(server, async (base) => {
      const { url, reference } = await server.invoice({ merchantRedirectUrl: `${base}/return` });
      await visitor.page.goto(url);
      await visitor.sees("Two tickets for the evening");
      await visitor.look("invoice");
      await visitor.card(NO_FUNDS);
      await visitor.pay();
      await visitor.sees("There is not enough money available.");
      assert.equal(visitor.page.url(), url);
      await visitor.look("invoice-declined");
      await stands(server, reference, "generated");
      await visitor.card(GOOD);
      await visitor.pay();
      await isBack(visitor, base);
      await stands(server, reference, "processed");
      await visitor.page.goto(url);
      await visitor.sees("The payment is complete");
      await visitor.look("invoice-paid");
    });
  },

  async invoice_challenge(visitor, server) {
    await atShop(server, async (base) => {
      const { url, reference } = await server.invoice({ merchantRedirectUrl: `${base}/return` });
      await visitor.page.goto(url);
      await visitor.card(CHALLENGED);
      await visitor.pay();
      const challenge = visitor.page.url();
      await visitor.page.goto(url);
      await visitor.sees("Your payment waits for you");
      await visitor.look("invoice-open");
      await visitor.page.goto(challenge);
      await visitor.press("Cancel");
      await visitor.sees("You cancelled on the provider");
      await visitor.card(CHALLENGED);
      await visitor.pay();
      await visitor.press(/^Confirm/);
      await isBack(visitor, base);
      await stands(server, reference, "processed");
    });
  },

  async invoice_wrong(visitor, server) {
    const { url, reference } = await server.invoice();
    await visitor.page.goto(url);
    await visitor.card("4111111111111112", { exp_month: "13" });
    await visitor.pay();
    await visitor.sees("A digit is wrong");
    await visitor.look("invoice-wrong");
    await visitor.page.goto(`${url}x`);
    await visitor.sees("There is no such page");
    await server.aboutInvoice("cancel", reference, { cancelReason: "Sold out" });
    await visitor.page.goto(url);
    await visitor.sees("The invoice was cancelled");
    await visitor.look("invoice-cancelled");
  },

  async pay_link(visitor, server) {
    const { url } = await server.payLink();
    await visitor.page.goto(url);
    await visitor.sees("A ticket");
    await visitor.look("pay-link");
    await visitor.choose(211);
    await visitor.pay();
    await visitor.press(/^Transfer/);
    await visitor.sees("The payment is complete");
    assert.equal(visitor.page.url(), url);
  },

  async standard_checkout(visitor, server) {
    await atShop(server, async (base, fill) => {
      fill(server.checkoutForm(`${base}/return`));
      await visitor.page.goto(`${base}/`);
      await visitor.press("To the checkout");
      await visitor.look("standard-checkout");
      await visitor.card(NO_FUNDS);
      await visitor.pay();
      await visitor.sees("There is not enough money available.");
      await visitor.card(GOOD);
      await visitor.pay();
      await isBack(visitor, base);
    });
  },
};

/** What the page looks like in other languages. */
export const invoiceLooks = {
  async invoice_languages(visitor, server) {
    const { url } = await server.invoice();
    const { page } = visitor;
    // The browser's language is its context's.
    for (const [locale, sees] of [["de", "Zahlbar bis"], ["fr", "À payer avant le"], ["es", "Pagar antes del"]]) {
      const context = await page.context().browser().newContext({ ...visitor.place, locale });
      visitor.page = await context.newPage();
      await visitor.page.goto(url);
      await visitor.sees(sees);
      await visitor.look(`invoice-${locale}`);
      await context.close();
    }
    visitor.page = page;
  },
};

export const invoiceEndings = {
  async invoice_expired(visitor, server) {
    const { url } = await server.invoice({ expirationPeriod: "1" });
    await visitor.page.goto(url);
    await server.advance(3600);
    await visitor.page.reload();
    await visitor.sees("The time to pay is over");
    await visitor.look("invoice-expired");
  },
};
