// The overview, the ledger and the operator's screens: what one looks at every day.

import assert from "node:assert/strict";

import { admin, go, open, pay, signIn } from "./portal.js";

/** The bars of a chart, in pixels: how wide and how high each is drawn. */
const bars = (visitor, chart) =>
  visitor.page.locator(`svg.chart[aria-labelledby^="${chart}"] rect.column`).evaluateAll((all) =>
    all.map((bar) => bar.getBoundingClientRect()).map(({ width, height }) => ({ width, height })));

export const stories = {
  async portal_overview(visitor, server) {
    await signIn(visitor, server);
    await visitor.sees("What needs you");
    await visitor.look("portal-overview");
    // A time in days has one step more than days, unless its hour ends at midnight.
    for (const [label, word, columns] of [["24 hours", "day", [24]], ["30 days", "month", [30, 31]], ["7 days", "week", [7, 8]]]) {
      await visitor.page.getByRole("navigation", { name: "Time" }).getByRole("link", { name: label }).click();
      await visitor.page.waitForURL(`**period=${word}`);
      const drawn = await bars(visitor, "volume-eur");
      assert.ok(columns.includes(drawn.length), `${label}: ${drawn.length}`);
      assert.ok(drawn.some(({ height }) => height > 100), "the highest fills the chart");
      assert.ok(drawn.every(({ width }) => width > 2), "every column is seen");
    }
    // The table behind the chart has a line a column and the same sum.
    const card = visitor.page.locator(".card", { has: visitor.page.locator('svg[aria-labelledby^="volume-eur"]') });
    await card.locator("summary", { hasText: "Table" }).click();
    assert.equal(await card.locator("tbody tr").count(), (await bars(visitor, "volume-eur")).length);
    const told = (await card.locator("tbody td:nth-child(2)").allInnerTexts()).map((text) => Number(text.replace(/[^0-9.]/g, "")));
    const total = Number((await card.locator(".measure .amount").innerText()).replace(/[^0-9.]/g, ""));
    assert.equal(Math.round(told.reduce((sum, amount) => sum + amount, 0) * 100), Math.round(total * 100));
    await visitor.look("portal-overview-table");
    await go(visitor, server, "/portal/m/1/live");
    await visitor.sees("No payments yet");
    await visitor.look("portal-overview-empty");
  },

  async portal_ledger(visitor, server) {
    await open(visitor, server, "ledger");
    await visitor.look("portal-ledger");
    await visitor.page.getByRole("link", { name: "Available" }).first().click();
    await visitor.page.waitForURL("**/ledger/statement?*");
    await visitor.sees("Every transfer of");
    await visitor.look("portal-statement");
    const [file] = await Promise.all([
      visitor.page.waitForEvent("download"),
      visitor.page.getByRole("link", { name: "Export CSV" }).click(),
    ]);
    assert.match(file.suggestedFilename(), /^merchant-1-available-[A-Z]{3}-dev\.csv$/);
    await go(visitor, server, "/portal/m/1/live/ledger");
    await visitor.sees("No accounts yet");
    await visitor.look("portal-ledger-empty");
  },

  async portal_operators_ledger(visitor, server) {
    await open(visitor, server, "/portal/operator/ledger?mode=dev");
    await visitor.sees("Trial balance");
    await visitor.press("Audit now");
    // While it is under way the page looks again by itself.
    await visitor.page.getByText("everything agrees").waitFor();
    assert.match(visitor.page.url(), /mode=dev$/);
    await visitor.look("portal-operator-ledger");
  },

  async portal_operator(visitor, server) {
    await pay(server, { amount: 9101 });
    await open(visitor, server, "/portal/operator/stuck?mode=dev");
    await visitor.look("portal-stuck");
    await go(visitor, server, "/portal/operator/stuck");
    await visitor.sees("Nothing is stuck");
    await visitor.look("portal-stuck-empty");
    await go(visitor, server, "/portal/operator/operation");
    await visitor.sees("Answers now");
    await visitor.look("portal-operation");
  },

  async portal_merchants(visitor, server) {
    await open(visitor, server, "/portal/operator/merchants");
    const slug = `shop${visitor.place.size}${visitor.place.colorScheme}`.slice(0, 20);
    await visitor.page.fill("#name", "متجر النور");
    await visitor.page.fill("#slug", "demo");
    await visitor.press("Make the merchant");
    await visitor.sees("Another merchant has it.");
    assert.equal(await visitor.page.inputValue("#name"), "متجر النور");
    await visitor.look("portal-merchants-fault");
    await visitor.page.fill("#slug", slug);
    await visitor.press("Make the merchant");
    await visitor.sees("The merchant is there.");
    await visitor.page.fill("#four_eyes", "1000 EUR");
    await visitor.page.fill("#approval_days", "91");
    await visitor.press("Change the rules");
    await visitor.sees("from 1 to 90");
    await visitor.look("portal-merchant-fault");
    await visitor.page.fill("#approval_days", "7");
    await visitor.press("Change the rules");
    await visitor.sees("The rules are changed");
    await visitor.look("portal-merchant");
    const { merchants } = await admin(server, "GET", "/merchants");
    const made = merchants.find((merchant) => merchant.slug === slug);
    assert.deepEqual(made.withdrawals.four_eyes_from, ["1000.00 EUR"]);
    await go(visitor, server, "/portal/operator/merchants");
    await visitor.look("portal-merchants");
  },
};
