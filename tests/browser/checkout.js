// Checkouts: a shop on another origin whose page holds nothing of ours but the contract's script tag and form, and the whole page.

import assert from "node:assert/strict";

import { startShop } from "./stage.js";

const GOOD = "4111111111111111";
const CHALLENGED = "4000000000003220";
const NO_FUNDS = "4000000000009995";
const CARD = { exp_month: "5", exp_year: "34", cvc: "123", holder_name: "Jane Jones" };

/** A shop's page around a checkout. */
function shopPage(server, id, { brands = "VISA MASTER AMEX", options = "", action = "/return?order=7", script, look = "" } = {}) {
  const source = script ?? `${server.base}/v3/paymentWidgets.js?checkoutId=${id}`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>Shop</title>
    <style>body { font: 16px/1.5 Georgia, serif; margin: 0 auto; max-width: 560px; padding: 24px 16px } ${look}</style>
    <script>var heard = []; ${options}</script>
    <script src="${source}" async></script></head>
    <body><main><h1>Order 7</h1><p>Two tickets, 92.00 EUR.</p>
    <form${action ? ` action="${action}"` : ""} class="paymentWidgets" data-brands="${brands}"></form></main></body></html>`;
}

const THANKS = `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Thank you</title><main><h1>Thank you</h1></main></html>`;

/** Opens a shop's page, and the frame in it. */
async function atShop(visitor, server, id, more, story) {
  const shop = await startShop((path) => (path.startsWith("/return") ? THANKS : shopPage(server, id, more)));
  const host = more?.host ?? "localhost";
  try {
    await visitor.page.goto(`http://${host}:${shop.port}/`);
    await story(`http://${host}:${shop.port}`);
  } finally {
    await shop.stop();
  }
}

async function frameAt(page, pattern) {
  for (let turn = 0; turn < 400; turn += 1) {
    const frame = page.frames().find((each) => each !== page.mainFrame() && pattern.test(each.url()));
    if (frame) return frame;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`no frame at ${pattern}: ${page.frames().map((each) => each.url())}`);
}

/** What was just framed, or shown in a frame, is drawn with its size in the next turns. */
async function isDrawn(visitor, frame) {
  const turns = () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  for (const each of [visitor.page, frame, visitor.page]) await each.evaluate(turns);
}

async function formOf(visitor) {
  const frame = await frameAt(visitor.page, /\/frame/);
  await frame.waitForSelector("#pay");
  return frame;
}

async function fillCard(frame, number, more = {}) {
  const fields = { card_number: number, ...CARD, ...more };
  for (const [name, value] of Object.entries(fields)) await frame.fill(`#${name}`, value);
}

const press = (frame) => frame.locator(".pays:visible").click();

/** The payer is back in the shop, which is told where to read what became of the checkout. */
async function isReturned(visitor, shop, id, call) {
  await visitor.page.waitForURL(/\/return\?/);
  const url = new URL(visitor.page.url());
  assert.equal(url.origin, shop);
  assert.deepEqual([...url.searchParams], [["order", "7"], ["id", id], ["resourcePath", `/v3/checkouts/${id}/${call}`]]);
}

async function isBack(visitor, server, shop, id, code) {
  await isReturned(visitor, shop, id, "payment");
  assert.equal(await server.outcome(id), code);
}

const KEEP = { paymentType: "", createRegistration: "true" };

export const checkoutLooks = {
  async checkout_card(visitor, server) {
    const id = await server.checkout();
    await atShop(visitor, server, id, {}, async (shop) => {
      const frame = await formOf(visitor);
      await visitor.look("checkout");
      await fillCard(frame, GOOD);
      await press(frame);
      await isBack(visitor, server, shop, id, "000.000.000");
    });
  },

  async checkout_brands(visitor, server) {
    const id = await server.checkout();
    await atShop(visitor, server, id, { brands: "VISA MASTER PAYPAL IDEAL" }, async (shop) => {
      const frame = await formOf(visitor);
      await frame.check('input[value="PAYPAL"]');
      await visitor.look("checkout-brands");
      await press(frame);
      await visitor.page.waitForURL(/\/sim\//);
      await visitor.page.getByRole("button", { name: /^(Pay|Approve|Confirm)/ }).click();
      await isBack(visitor, server, shop, id, "000.000.000");
    });
  },

  async checkout_challenge(visitor, server) {
    for (const [button, code] of [[/^Confirm/, "000.000.000"], ["Decline", "100.400.152"], ["Cancel", "100.396.101"]]) {
      const id = await server.checkout();
      await atShop(visitor, server, id, {}, async (shop) => {
        const frame = await formOf(visitor);
        await fillCard(frame, CHALLENGED);
        await press(frame);
        const challenge = await frameAt(visitor.page, /\/redirect\//);
        await challenge.waitForSelector("text=Is it you who pays?");
        await isDrawn(visitor, challenge);
        if (code === "000.000.000") await visitor.look("checkout-challenge");
        await challenge.getByRole("button", { name: button }).click();
        await isBack(visitor, server, shop, id, code);
      });
    }
  },

  async checkout_wrong_card(visitor, server) {
    const id = await server.checkout();
    await atShop(visitor, server, id, {}, async () => {
      const frame = await formOf(visitor);
      // Checked while typing, and again by the server.
      await fillCard(frame, "4111111111111112", { exp_month: "13" });
      await frame.waitForSelector("text=A digit is wrong");
      await press(frame);
      await frame.waitForSelector("text=Enter 1 to 12.");
      await visitor.look("checkout-wrong");
      assert.equal(await frame.inputValue("#holder_name"), "Jane Jones");
      assert.equal(await frame.inputValue("#card_number"), "");
      // A brand that the shop does not name.
      await fillCard(frame, "6011000990139424");
      await press(frame);
      await frame.waitForSelector("text=does not take this card");
      await visitor.look("checkout-not-taken");
      assert.equal(await server.outcome(id), "000.200.100");
    });
  },
};

/** Cards that are stored, and stored cards, in a shop's page. */
export const checkoutCards = {
  async checkout_stored(visitor, server) {
    const [first, second] = [await server.card("5555555555554444"), await server.card(GOOD)];
    const id = await server.checkout({ "registrations[0].id": first, "registrations[1].id": second });
    await atShop(visitor, server, id, { brands: "VISA MASTER PAYPAL" }, async (shop) => {
      const frame = await formOf(visitor);
      await visitor.look("checkout-stored");
      await frame.check(`input[value="${second}"]`);
      await press(frame);
      await isBack(visitor, server, shop, id, "000.000.000");
    });
  },

  async checkout_stored_not_wanted(visitor, server) {
    const id = await server.checkout({ "registrations[0].id": await server.card(GOOD), createRegistration: "true" });
    await atShop(visitor, server, id, {}, async (shop) => {
      const frame = await formOf(visitor);
      await frame.check('input[value="card"]');
      await frame.waitForSelector("text=keeps this card for later payments");
      await frame.waitForFunction(() => innerHeight >= document.body.scrollHeight);
      await isDrawn(visitor, frame);
      await visitor.look("checkout-another");
      await fillCard(frame, CHALLENGED);
      await press(frame);
      const challenge = await frameAt(visitor.page, /\/redirect\//);
      await challenge.getByRole("button", { name: /^Confirm/ }).click();
      await isBack(visitor, server, shop, id, "000.000.000");
    });
  },

  async checkout_keep(visitor, server) {
    const id = await server.checkout(KEEP);
    const script = `${server.base}/v3/paymentWidgets.js?checkoutId=${id}/registration`;
    await atShop(visitor, server, id, { script }, async (shop) => {
      const frame = await formOf(visitor);
      await visitor.look("checkout-keep");
      await fillCard(frame, CHALLENGED);
      await press(frame);
      const challenge = await frameAt(visitor.page, /\/redirect\//);
      await challenge.waitForSelector("text=Is it you who pays?");
      await isDrawn(visitor, challenge);
      await visitor.look("checkout-keep-challenge");
      await challenge.getByRole("button", { name: /^Confirm/ }).click();
      await isReturned(visitor, shop, id, "registration");
      assert.equal((await server.stored(id)).result.code, "000.000.000");
    });
  },
};

export const checkoutFrames = {
  async checkout_decline(visitor, server) {
    const id = await server.checkout();
    await atShop(visitor, server, id, { script: `${server.base}/v3/checkouts/${id}` }, async (shop) => {
      const frame = await formOf(visitor);
      await fillCard(frame, NO_FUNDS);
      await press(frame);
      await isBack(visitor, server, shop, id, "800.100.51");
    });
  },

  async checkout_pinned(visitor, server) {
    const { integrity } = await (await fetch(`${server.base}/v3/checkouts`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.demo.v3.access_token}` },
      body: new URLSearchParams({
        entityId: server.demo.v3.entity_id, amount: "92.00", currency: "EUR", paymentType: "DB", integrity: "true",
      }),
    })).json();
    const id = await server.checkout();
    const script = `${server.base}/v3/checkouts/${id}" integrity="${integrity}" crossorigin="anonymous`;
    await atShop(visitor, server, id, { script }, async () => {
      await formOf(visitor);
    });
  },

  async checkout_options(visitor, server) {
    const id = await server.checkout();
    const options = `var no = true, wpwlOptions = { locale: "de", style: "plain", requireCvv: false, brandDetection: false,
      onReady: function () { heard.push("ready"); },
      onBeforeSubmitCard: function () { heard.push("before"); var answer = !no; no = false; return answer; },
      onAfterSubmit: function () { heard.push("after"); }, somethingElse: 1 };`;
    await atShop(visitor, server, id, { options }, async (shop) => {
      const { page } = visitor;
      const frame = await formOf(visitor);
      await frame.waitForSelector("text=92,00 EUR bezahlen");
      assert.equal(await frame.locator("#cvc").count(), 0);
      await frame.selectOption("#brand", "MASTER");
      await visitor.look("checkout-options");
      for (const [name, value] of Object.entries({ card_number: "5555555555554444", ...CARD })) {
        if (name !== "cvc") await frame.fill(`#${name}`, value);
      }
      await press(frame);
      await page.waitForFunction(() => heard.includes("before"));
      assert.deepEqual(await page.evaluate(() => heard), ["ready", "before"]);
      assert.equal(await server.outcome(id), "000.200.100");
      await press(frame);
      await isBack(visitor, server, shop, id, "000.000.000");
    });
  },

  async checkout_unknown(visitor, server) {
    const options = `var wpwlOptions = { onError: function (error) { heard.push(error.name); } };`;
    await atShop(visitor, server, "a03a5f2526733fbb37c419b815e1c091", { options }, async () => {
      await visitor.page.waitForFunction(() => heard.length > 0);
      assert.deepEqual(await visitor.page.evaluate(() => heard), ["InvalidCheckoutIdError"]);
      await visitor.look("checkout-unknown");
    });
  },

  /** Nobody said where the payer goes back to: the frame says what became of it. */
  async checkout_without_action(visitor, server) {
    const id = await server.checkout();
    await atShop(visitor, server, id, { action: "" }, async () => {
      const frame = await formOf(visitor);
      await fillCard(frame, GOOD);
      await press(frame);
      await frame.waitForSelector("text=The payment is complete");
      await visitor.look("checkout-receipt");
      assert.equal(await server.outcome(id), "000.000.000");
    });
  },

  /** The shop's own colours count, not the payer's device. */
  async checkout_in_a_dark_shop(visitor, server) {
    const id = await server.checkout();
    await atShop(visitor, server, id, { look: "body { background: #101820; color: #eee }" }, async () => {
      await formOf(visitor);
      await visitor.look("checkout-dark-shop");
    });
  },

  /** A page that holds the frame of somebody else's shop. */
  async checkout_evil_frame(visitor, server) {
    const id = await server.checkout();
    const query = new URLSearchParams({ origin: "http://localhost:9" });
    await isNotFramed(visitor, `${server.base}/v3/checkouts/${id}/frame?${query}`);
  },
};

/** With sites registered, and two attempts. */
export const registered = {
  async checkout_unregistered(visitor, server) {
    const id = await server.checkout();
    const shop = await startShop(shopPage(server, id));
    const refused = visitor.page.waitForEvent("console", (line) => /frame-ancestors/.test(line.text()));
    await visitor.page.goto(`http://localhost:${shop.port}/`);
    await refused;
    visitor.faults = visitor.faults.filter((fault) => !/frame-ancestors|Framing/.test(fault));
    await shop.stop();
  },

  async checkout_again(visitor, server) {
    const id = await server.checkout({ shopperResultUrl: "https://shop.example/done" });
    await visitor.page.goto(`${server.base}/v3/checkouts/${id}/page`);
    await visitor.card(NO_FUNDS);
    await visitor.pay();
    await visitor.sees("There is not enough money available.");
    await visitor.look("checkout-again");
    assert.equal(await server.outcome(id), "000.200.100");
  },
};

async function isNotFramed(visitor, url) {
  const shop = await startShop(`<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Evil</title><iframe title="x" src="${url}"></iframe></html>`);
  const refused = visitor.page.waitForEvent("console", (line) => /frame-ancestors/.test(line.text()));
  await visitor.page.goto(`http://127.0.0.1:${shop.port}/`);
  await refused;
  for (const frame of visitor.page.frames().slice(1)) assert.ok(!(await frame.content()).includes("card_number"));
  visitor.faults = visitor.faults.filter((fault) => !/frame-ancestors|Framing/.test(fault));
  await shop.stop();
}

/** The whole page, with scripts and without. */
export const checkoutPages = {
  async checkout_page(visitor, server) {
    const shop = await startShop(THANKS);
    const id = await server.checkout({ shopperResultUrl: `http://localhost:${shop.port}/return?order=7` });
    await visitor.page.goto(`${server.base}/v3/checkouts/${id}/page`);
    await visitor.look("checkout-page");
    await visitor.card(CHALLENGED);
    await visitor.pay();
    await visitor.press(/^Confirm/);
    await isBack(visitor, server, `http://localhost:${shop.port}`, id, "000.000.000");
    // Nobody finds a card number by going back.
    await visitor.page.goto(`${server.base}/v3/checkouts/${id}/page`);
    await visitor.sees("The payment is complete");
    await visitor.look("checkout-page-paid");
    await shop.stop();
  },
};

/** The same for cards. */
export const checkoutCardPages = {
  async checkout_page_keep(visitor, server) {
    const id = await server.checkout(KEEP);
    await visitor.page.goto(`${server.base}/v3/checkouts/${id}/page`);
    await visitor.look("checkout-page-keep");
    await visitor.card(GOOD);
    await visitor.pay();
    await visitor.sees("Your card is saved");
    await visitor.look("checkout-page-kept");
    assert.equal((await server.stored(id)).card.last4Digits, "1111");
  },

  async checkout_page_stored(visitor, server) {
    const token = await server.card(GOOD);
    const id = await server.checkout({ "registrations[0].id": token, "customer.language": "de" });
    await visitor.page.goto(`${server.base}/v3/checkouts/${id}/page`);
    await visitor.look("checkout-page-stored");
    await visitor.pay();
    await visitor.sees("Bezahlt");
    assert.equal(await server.outcome(id), "000.000.000");
  },
};

/** These turn the clock. */
export const checkoutEndings = {
  async checkout_expired(visitor, server) {
    const id = await server.checkout();
    await server.advance(15 * 60);
    if (!visitor.place.javaScriptEnabled) {
      await visitor.page.goto(`${server.base}/v3/checkouts/${id}/page`);
      return visitor.sees("The time to pay is over");
    }
    const options = `var wpwlOptions = { onError: function (error) { heard.push(error.name); } };`;
    return atShop(visitor, server, id, { options }, async () => {
      await visitor.page.waitForFunction(() => heard.length > 0);
      assert.deepEqual(await visitor.page.evaluate(() => heard), ["InvalidCheckoutIdError"]);
      await visitor.look("checkout-expired");
    });
  },
};
