// Payments in coins: what payers see of them on their page and on the cashier's, and what a merchant does about them in the portal. The
// stories share one simulated chain and turn its clock, so they are told one after the other, on a server of their own.

import assert from "node:assert/strict";

import { admin, open } from "./portal.js";

/** An address of the simulated chain that no payment has. */
const PAYER = "bcrt1qd7spv5q28348xl4myc8zmh983w5jx32cs707jh";

/** The merchant offers coins on its cashier page. */
export async function offerCoins(server) {
  const { credentials } = await admin(server, "GET", "/credentials?merchant_id=1&mode=dev");
  const crypto = credentials.find(({ api }) => api === "crypto");
  await admin(server, "POST", `/credentials/${crypto.id}/settings`, { cashier_coins: ["BTC", "ETH", "USDT"] });
}

/** Calls the crypto API. */
async function call(server, path, fields) {
  const { user, api_key: key } = server.demo.crypto;
  const answer = await fetch(`${server.base}${path}`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${user}:${key}`).toString("base64")}` },
    body: new URLSearchParams(fields),
  });
  const body = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(body));
  return body;
}

/** A payment, just started. */
const start = (server, more = {}) =>
  call(server, "/v2/StartPayment/", { pos_id: "POS1", invoice_currency: "EUR", invoice_amount: "48.25", currency: "BTC", ...more });

/** What the payer's wallet does: exact, under, rest, over. */
const sends = (server, address, mode) => call(server, "/sandbox/api/send", { address, mode });
const mines = (server, blocks = 1) => call(server, "/sandbox/api/mine", { currency: "BTC", blocks });

/** The page comes to say something: by itself where a script runs, else when it is loaded again, a few times if need be. */
async function comesToSay(visitor, text) {
  const { page, place } = visitor;
  if (place.javaScriptEnabled) return page.waitForSelector(`main >> text=${text}`);
  for (let tries = 0; tries < 100; tries += 1) {
    await page.reload();
    if ((await page.locator("main").innerText()).includes(text)) break;
  }
  return visitor.sees(text);
}

/** The address on the page. */
const address = (visitor) => visitor.page.locator(".send dd .mono").nth(1).innerText();

export const coinStories = {
  async coin_exact(visitor, server) {
    // Of an amount that needs two blocks: the chain makes one every ten seconds by itself.
    const payment = await start(server, { invoice_amount: "4825.00", on_success_redirect_url: `${server.base}/docs?paid` });
    await visitor.page.goto(payment.access_url);
    await visitor.sees(`${payment.amount} BTC`);
    await visitor.sees("Send BTC on the Bitcoin network only");
    await visitor.look("coins-waiting");
    await visitor.page.getByRole("link", { name: "Pay with the test wallet" }).click();
    await visitor.look("coins-wallet");
    await visitor.press(`Pay ${payment.amount} BTC`);
    await visitor.page.getByRole("link", { name: "The payer’s page" }).click();
    await visitor.sees("On its way");
    await visitor.sees(" of 2");
    await visitor.look("coins-on-its-way");
    await mines(server, 2);
    await comesToSay(visitor, "Your payment has arrived.");
    await visitor.look("coins-paid");
    await visitor.page.getByRole("link", { name: "Return to the shop" }).click();
    await visitor.page.waitForURL(/\/docs\?paid$/);
  },

  async coin_top_up(visitor, server) {
    const { page } = visitor;
    const payment = await start(server, { invoice_amount: "4825.00" });
    await page.goto(payment.access_url);
    const code = await page.locator(".qr").getAttribute("src");
    if (visitor.place.javaScriptEnabled) await page.evaluate(() => { window.stays = true; });
    await sends(server, payment.address, "under");
    await comesToSay(visitor, "Something is missing");
    await visitor.sees(`still to send of ${payment.amount} BTC (4,825.00 EUR)`);
    assert.ok(Number.parseFloat(await page.locator(".amount").innerText()) < Number(payment.amount));
    assert.notEqual(await page.locator(".qr").getAttribute("src"), code, "a code of what is missing");
    await visitor.look("coins-missing");
    await sends(server, payment.address, "rest");
    await comesToSay(visitor, "On its way");
    await mines(server, 2);
    await comesToSay(visitor, "Your payment has arrived.");
    if (!visitor.place.javaScriptEnabled) return;
    assert.equal(await page.evaluate(() => window.stays), true, "the page was not loaded again");
    await page.waitForFunction(() => document.getElementById("told").textContent.includes("Your payment has arrived."));
    assert.match(await page.title(), /^Paid: /);
  },

  async coin_copied(visitor, server) {
    const { page } = visitor;
    const payment = await start(server);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.goto(payment.access_url);
    const buttons = page.locator(".copy");
    if (!visitor.place.javaScriptEnabled) {
      assert.equal(await buttons.locator("visible=true").count(), 0);
      return;
    }
    for (const [name, text] of [["Copy Amount to send", "0.00079744"], ["Copy Address", payment.address]]) {
      await page.getByRole("button", { name }).click();
      await page.waitForFunction(() => document.getElementById("told").textContent === "Copied");
      if (text === payment.address) await visitor.look("coins-copied");
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
      await page.waitForFunction(() => !document.querySelector(".copy.done"));
    }
  },

  async coin_countdown(visitor, server) {
    const { page } = visitor;
    const payment = await start(server);
    await page.goto(payment.access_url);
    const left = page.locator("#left");
    if (!visitor.place.javaScriptEnabled) {
      assert.match(await left.innerText(), /^1[45] minutes$/);
      return;
    }
    const first = await left.innerText();
    assert.match(first, /^1[45]:\d\d$/);
    await page.waitForFunction((first) => document.getElementById("left").textContent !== first, first);
    // The merchant's clock, not the device's, says what is left.
    await server.advance(600);
    await page.waitForFunction(() => /^[45]:\d\d$/.test(document.getElementById("left").textContent));
    await page.waitForFunction(() => document.getElementById("told").textContent.includes("Time left: 5 minutes"));
  },

  async coin_expired(visitor, server) {
    const payment = await start(server);
    await visitor.page.goto(payment.access_url);
    await server.advance(1000);
    await comesToSay(visitor, "The time for this payment is over");
    await visitor.look("coins-over");
    assert.equal(await visitor.page.locator(".qr").count(), 0, "nobody is asked to pay any more");
    await sends(server, payment.address, "exact");
    await visitor.page.reload();
    await comesToSay(visitor, "0.00079744 BTC arrived and was not accepted.");
    await visitor.look("coins-late");
  },

  async coin_looks(visitor, server) {
    const payment = await start(server, { currency: "USDT", invoice_amount: "99999.99", locale: "de" });
    await visitor.page.goto(payment.access_url);
    await visitor.sees("Senden Sie USDT nur im Netz Ethereum.");
    await visitor.look("coins-german");
    const over = await start(server);
    await sends(server, over.address, "over");
    await mines(server);
    await visitor.page.goto(over.access_url);
    await visitor.sees("more than was asked for");
    await visitor.look("coins-too-much");
  },

  async coin_cashier(visitor, server) {
    const { page } = visitor;
    const settings = { success_url: `${server.base}/docs`, failure_url: `${server.base}/docs` };
    const { url, reference } = await server.session({ settings });
    await page.goto(url);
    await visitor.choose("coin:BTC");
    await visitor.sees("this order can only be paid with Bitcoin");
    await visitor.look("coins-cashier");
    await visitor.pay();
    await visitor.sees("Scan the code with your wallet");
    const there = page.url();
    assert.match(there, /\/pay\/[A-Za-z0-9]{64}$/);
    await visitor.look("coins-of-cashier");
    // Going back leads to no second payment, and to no card beside it.
    await page.goto(url);
    assert.equal(page.url(), there);
    assert.equal((await server.status(reference)).transaction_status, "pending");
    await sends(server, await address(visitor), "exact");
    await mines(server);
    await comesToSay(visitor, "Your payment has arrived.");
    assert.equal((await server.status(reference)).transaction_status, "successful");
    await page.getByRole("link", { name: "Return to the shop" }).click();
    await page.waitForURL(/\/docs\?transaction_id=[a-z0-9]{15}&tracking_id=browser-\d+&status=successful$/);
  },

  async portal_coin_refunded(visitor, server) {
    const payment = await start(server, { reference_no: `coins-${Date.now()}` });
    await sends(server, payment.address, "exact");
    await mines(server, 3);
    await open(visitor, server, "payments");
    await visitor.page.fill("#q", payment.payment_id);
    await visitor.press("Look up");
    await visitor.sees("0.00079744 BTC accepted as 48.25 EUR");
    await visitor.look("portal-coins");
    await visitor.page.getByRole("button", { name: "Refund…" }).click();
    await visitor.page.fill("[name=address]", "bcrt1qwrong");
    await visitor.press("Go on");
    await visitor.sees("It must be a BTC address of this network.");
    await visitor.look("portal-coins-fault");
    await visitor.page.fill("[name=address]", PAYER);
    await visitor.page.fill("[name=amount]", "0.0005");
    await visitor.press("Go on");
    await visitor.sees("0.00050000 BTC are sent to");
    await visitor.look("portal-coins-refund");
    await visitor.press("Refund 0.00050000 BTC");
    await visitor.sees("The refund is stored and goes out now.");
    // It is signed and sent beside; then blocks come.
    const done = async () => {
      await server.advance(15);
      await visitor.page.reload();
      return visitor.page.locator("li", { hasText: "Refund 1 of 0.00050000 BTC" }).getByText("Done").isVisible();
    };
    for (let turn = 0; turn < 100 && !(await done()); turn += 1);
    assert.ok(await done(), "the refund is in a block");
    await visitor.look("portal-coins-refunded");
  },
};

/** Stories of the portal, which needs a script to be looked at as people do. */
export const scriptedOnly = ["portal_coin_refunded"];
