// Payments and withdrawals in the portal: looked up, filtered, refunded, captured; withdrawals approved and rejected.

import assert from "node:assert/strict";

import { go, open, pay } from "./portal.js";

const WALLET = 212;

/** Opens the payment with a reference, as somebody who looks it up. */
async function lookUp(visitor, reference) {
  await visitor.page.fill("#q", reference);
  await visitor.press("Look up");
  assert.match(visitor.page.url(), /\/payments\/[a-z0-9]{15}$/);
}

/** An authorisation of 987,654.32 by the Payments v3 API; its reference. */
async function authorise(server) {
  const reference = `portal-hold-${Date.now()}-${Math.random()}`;
  const fields = {
    entityId: server.demo.v3.entity_id, amount: "987654.32", currency: "EUR", paymentType: "PA", merchantTransactionId: reference,
    paymentBrand: "VISA", "card.number": "4200000000000000", "card.holder": "Jane Jones", "card.expiryMonth": "05",
    "card.expiryYear": "2034", "card.cvv": "123",
  };
  const headers = { authorization: `Bearer ${server.demo.v3.access_token}` };
  const answer = await fetch(`${server.base}/v3/payments`, { method: "POST", headers, body: new URLSearchParams(fields) });
  assert.equal(answer.status, 200, await answer.text());
  return reference;
}

/** A withdrawal that its payer has confirmed. */
async function withdraw(visitor, server) {
  const { url } = await server.withdrawal();
  await visitor.page.goto(url);
  await visitor.choose(WALLET);
  await visitor.page.fill("#wallet_id", "wallet-1");
  await visitor.pay();
  await visitor.sees("Your withdrawal is being checked");
}

export const stories = {
  async portal_payments(visitor, server) {
    const reference = await pay(server, { amount: 1005.5 });
    await pay(server, { card: "4000000000009995", user: "U-7" });
    await open(visitor, server, "payments");
    await visitor.look("portal-payments");
    await visitor.page.selectOption("#status", "declined");
    await visitor.press("Filter");
    assert.match(visitor.page.url(), /status=declined/);
    const badges = await visitor.page.locator("tbody .badge").allInnerTexts();
    assert.ok(badges.length > 0 && badges.every((badge) => badge.trim() === "Declined"), String(badges));
    await visitor.page.locator("summary", { hasText: "More filters" }).click();
    await visitor.page.fill("#min", "ten");
    await visitor.press("Filter");
    await visitor.sees("An amount needs its currency beside it.");
    await visitor.look("portal-payments-fault");
    await go(visitor, server, "payments");
    await visitor.page.getByRole("link", { name: "Amount", exact: true }).click();
    await visitor.sees("Choose one: amounts of several currencies have no order.");
    await visitor.page.fill("#currency", "EUR");
    await visitor.press("Filter");
    const amounts = (await visitor.page.locator("tbody .amount").allInnerTexts()).map((text) => Number(text.replace(/[^0-9.]/g, "")));
    assert.ok(amounts.length > 1 && amounts.every((amount, at) => at === 0 || amount <= amounts[at - 1]), String(amounts));
    await visitor.look("portal-payments-by-amount");
    await go(visitor, server, "payments?status=returned");
    await visitor.sees("Nothing fits");
    await visitor.look("portal-payments-empty");
    await go(visitor, server, "payments?q=nobody-knows");
    await visitor.sees("Nothing found");
    await lookUp(visitor, reference);
    await visitor.sees("Payment of 1,005.50 EUR");
  },

  async portal_payments_by_keyboard(visitor, server) {
    await pay(server);
    await open(visitor, server, "payments");
    await visitor.page.keyboard.press("j");
    await visitor.page.keyboard.press("Enter");
    await visitor.page.waitForURL(/\/payments\/[a-z0-9]{15}$/);
    await go(visitor, server, "payments");
    await visitor.page.locator("tbody tr").first().locator("td").nth(2).click();
    await visitor.page.waitForURL(/\/payments\/[a-z0-9]{15}$/);
  },

  async portal_payment_refunded(visitor, server) {
    const reference = await pay(server, { amount: 10.05 });
    await open(visitor, server, "payments");
    await lookUp(visitor, reference);
    await visitor.sees("Sale of 10.05 EUR");
    await visitor.look("portal-payment");
    await visitor.page.getByLabel("Amount in EUR").fill("11");
    await visitor.press("Refund…");
    await visitor.sees("11.00 EUR is more than the 10.05 EUR that can still be refunded.");
    await visitor.look("portal-refund-fault");
    await visitor.page.getByLabel("Amount in EUR").fill("5");
    await visitor.press("Go on");
    await visitor.sees("It cannot be undone.");
    await visitor.look("portal-refund");
    await visitor.press("Refund 5.00 EUR");
    await visitor.sees("Refund of 5.00 EUR: done.");
    await visitor.look("portal-payment-refunded");
    await visitor.page.goBack();
    await visitor.sees("so nothing was ordered");
    await visitor.look("portal-refund-stale");
    await go(visitor, server, visitor.page.url().replace(/.*(\/portal\/.*)\/refund.*/, "$1"));
    await visitor.sees("Partially refunded");
    assert.equal(await visitor.page.locator(".timeline h3", { hasText: "Refund of 5.00 EUR" }).count(), 1);
  },

  async portal_payment_captured(visitor, server) {
    const reference = await authorise(server);
    await open(visitor, server, "payments");
    await lookUp(visitor, reference);
    await visitor.look("portal-hold");
    await visitor.page.getByLabel("Amount in EUR").fill("87654.32");
    await visitor.page.getByLabel("Last capture: release the rest").check();
    await visitor.press("Capture…");
    await visitor.sees("The rest of the hold, 900,000.00 EUR, is released.");
    await visitor.look("portal-capture");
    await visitor.press("Capture 87,654.32 EUR");
    await visitor.sees("Capture of 87,654.32 EUR: done.");
  },

  async portal_withdrawals(visitor, server) {
    await withdraw(visitor, server);
    await withdraw(visitor, server);
    await open(visitor, server, "withdrawals");
    await visitor.look("portal-withdrawals");
    await visitor.page.getByRole("link", { name: "Approve…" }).first().click();
    await visitor.sees("It cannot be undone.");
    await visitor.look("portal-approve");
    await visitor.press("Approve 200.00 EUR");
    await visitor.sees("Approved. The payout is on its way.");
    await visitor.page.getByRole("link", { name: "Reject…" }).first().click();
    await visitor.page.fill("#reason", "Der Name weicht ab – bitte prüfen");
    await visitor.press("Reject 200.00 EUR");
    await visitor.sees("Use at most 200");
    await visitor.look("portal-reject-fault");
    await visitor.page.fill("#reason", "Name differs");
    await visitor.press("Reject 200.00 EUR");
    await visitor.sees("Rejected. The held money is free again.");
  },
};
