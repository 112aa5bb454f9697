// What payers do on a withdrawal's page, told once and run everywhere.

import assert from "node:assert/strict";

const IBAN = "GB33BUKB20201555555555";
const ACCOUNT = { account_holder: "John Doe", iban: IBAN };
const [CARD_PROVIDER, BANK, WALLET] = [210, 211, 212];

async function fill(visitor, provider, fields) {
  await visitor.choose(provider);
  for (const [name, value] of Object.entries(fields)) await visitor.page.fill(`#${name}`, value);
}

/** Confirms a withdrawal and waits for what the page says then. */
async function confirm(visitor, url, provider, fields) {
  await visitor.page.goto(url);
  await fill(visitor, provider, fields);
  await visitor.pay();
  await visitor.sees("Your withdrawal is being checked");
}

/** Looks until the page says it: with a script it asks by itself. */
async function comesToSee(visitor, text) {
  if (visitor.place.javaScriptEnabled) return visitor.page.waitForSelector(`text=${text}`);
  for (let turn = 0; turn < 100; turn += 1) {
    if ((await visitor.page.locator("body").innerText()).includes(text)) return undefined;
    await visitor.page.getByRole("link", { name: "Check again" }).click();
    await visitor.page.waitForLoadState();
  }
  return visitor.sees(text);
}

/** Nothing was confirmed: there is nothing to approve. */
async function isUntouched(server, reference) {
  assert.equal((await server.approve(reference)).code, 1076);
  assert.deepEqual(await server.status(reference), { transaction_status: "pending" });
}

export const withdrawals = {
  async withdrawal_paid(visitor, server) {
    const { url, reference } = await server.withdrawal();
    await visitor.page.goto(url);
    await visitor.look("withdrawal");
    await fill(visitor, BANK, ACCOUNT);
    await visitor.look("withdrawal-bank");
    await visitor.pay();
    await visitor.sees("Your withdrawal is being checked");
    await visitor.sees("Bank account ending in 5555");
    await visitor.look("withdrawal-checked");
    await server.approve(reference);
    await comesToSee(visitor, "The withdrawal was paid out");
    await visitor.look("withdrawal-paid");
    assert.equal((await server.status(reference)).transaction_status, "successful");
    // Nobody finds an account number by going back.
    await visitor.page.goto(url);
    assert.ok(!(await visitor.page.content()).includes("BUKB"));
  },

  async withdrawal_on_its_way(visitor, server) {
    const { url, reference } = await server.withdrawal({ amount: "9105.00" });
    await confirm(visitor, url, WALLET, { wallet_id: "wallet-1" });
    await server.approve(reference);
    await visitor.page.goto(url);
    await comesToSee(visitor, "Your withdrawal is on its way");
    await visitor.look("withdrawal-sent");
  },

  async withdrawal_not_paid(visitor, server) {
    const card = { card_number: "4000000000000341", holder_name: "John Doe" };
    for (const [name, provider, fields, decide, sees, reason] of [
      ["rejected", WALLET, { wallet_id: "wallet-1" }, server.reject, "The shop did not approve the withdrawal", "Rejected by merchant"],
      ["declined", CARD_PROVIDER, card, server.approve, "The payout was declined", "Do not honour"],
    ]) {
      const { url, reference } = await server.withdrawal();
      await confirm(visitor, url, provider, fields);
      await decide(reference);
      await comesToSee(visitor, sees);
      await visitor.look(`withdrawal-${name}`);
      assert.deepEqual(await server.status(reference), { transaction_status: "rejected", rejected_reason: reason });
    }
  },

  async withdrawal_cancelled(visitor, server) {
    const { url, reference } = await server.withdrawal();
    await visitor.page.goto(url);
    await visitor.press("Cancel the withdrawal");
    await visitor.sees("The withdrawal was cancelled");
    await visitor.look("withdrawal-cancelled");
    assert.deepEqual(await server.status(reference), {
      transaction_status: "rejected", rejected_reason: "Cancelled by customer",
    });
  },

  async withdrawal_faulty(visitor, server) {
    const { url, reference } = await server.withdrawal();
    await visitor.page.goto(url);
    for (const [provider, fields, sees, name, kept] of [
      [BANK, { account_holder: "مريم الخوري", iban: IBAN.replace("33", "34") }, "Check the IBAN", "iban", "account_holder"],
      [CARD_PROVIDER, { card_number: "4111111111111112", holder_name: "John Doe" }, "A digit is wrong", "card_number", "holder_name"],
      [WALLET, { wallet_id: "my wallet" }, "Enter the wallet’s ID", "wallet_id", null],
    ]) {
      await fill(visitor, provider, fields);
      await visitor.pay();
      // Beside its field, which alone is marked, and which holds nothing any more.
      assert.match(await visitor.page.locator(`#${name}-note`).innerText(), new RegExp(sees));
      assert.deepEqual(await visitor.page.locator('[aria-invalid="true"]').evaluateAll((all) => all.map((each) => each.id)), [name]);
      assert.equal(await visitor.page.inputValue(`#${name}`), "");
      if (kept) assert.equal(await visitor.page.inputValue(`#${kept}`), fields[kept]);
      await visitor.look(`withdrawal-faulty-${name}`);
      await isUntouched(server, reference);
    }
    await fill(visitor, BANK, { ...ACCOUNT, iban: "gb33 bukb 2020 1555 5555 55" });
    await visitor.pay();
    await visitor.sees("Your withdrawal is being checked");
  },

  async withdrawal_by_keyboard(visitor, server) {
    const { url } = await server.withdrawal();
    await visitor.page.goto(url);
    const { keyboard } = visitor.page;
    await keyboard.press("Tab");
    await keyboard.press("ArrowDown");
    for (const text of ["John Doe", IBAN]) {
      await keyboard.press("Tab");
      await keyboard.type(text);
    }
    await keyboard.press("Enter");
    await visitor.page.waitForSelector("text=Your withdrawal is being checked");
  },
};

/** What happens when the time is over. */
export const withdrawalEndings = {
  async withdrawal_expired(visitor, server) {
    const { url, reference } = await server.withdrawal();
    await visitor.page.goto(url);
    await fill(visitor, BANK, ACCOUNT);
    await server.advance(31 * 60);
    await visitor.pay();
    await visitor.sees("The time for this withdrawal is over");
    await visitor.look("withdrawal-expired");
    let status = {};
    for (let turn = 0; turn < 200 && status.transaction_status !== "rejected"; turn += 1) {
      status = await server.status(reference);
    }
    assert.deepEqual(status, { transaction_status: "rejected", rejected_reason: "Expired" });
  },
};

/** What only has to be looked at, or needs scripts. */
export const withdrawalLooks = {
  async withdrawal_languages(visitor, server) {
    for (const locale of ["de", "es", "fr"]) {
      const { url } = await server.withdrawal({ amount: "987654.32", settings: { locale } });
      await visitor.page.goto(url);
      await fill(visitor, BANK, { iban: "GB34" });
      await visitor.pay();
      await visitor.page.waitForSelector("#iban-note .error");
      await visitor.look(`withdrawal-${locale}`);
      await fill(visitor, BANK, ACCOUNT);
      await visitor.pay();
      await visitor.page.waitForSelector(".badge.waiting");
      await visitor.look(`withdrawal-${locale}-checked`);
    }
  },

  async withdrawal_theme(visitor, server) {
    for (const theme of ["dark", "light"]) {
      const { url } = await server.withdrawal({ theme });
      await visitor.page.goto(url);
      const dark = await visitor.page.evaluate(() => getComputedStyle(document.body).backgroundColor === "rgb(19, 22, 25)");
      assert.equal(dark, theme === "dark");
      await visitor.look(`withdrawal-theme-${theme}`);
    }
  },

  async withdrawal_nicer_with_a_script(visitor, server) {
    const { url } = await server.withdrawal();
    await visitor.page.goto(url);
    await visitor.choose(BANK);
    const iban = visitor.page.locator("#iban");
    await iban.pressSequentially("gb33bukb20201555555554");
    assert.equal(await iban.inputValue(), "GB33 BUKB 2020 1555 5555 54");
    await iban.blur();
    await visitor.page.waitForSelector("text=Check the IBAN");
    await visitor.look("withdrawal-typing");
    await iban.fill(IBAN);
    await iban.blur();
    await visitor.page.waitForSelector("#iban-note:empty", { state: "attached" });
  },

  async withdrawal_small_and_large(visitor, server) {
    const { url } = await server.withdrawal({ settings: { locale: "de" }, amount: "987654.32" });
    await visitor.page.setViewportSize({ width: 320, height: 640 });
    await visitor.page.goto(url);
    await visitor.choose(BANK);
    await visitor.look("withdrawal-narrow");
    // As a browser at 200 %: half the room.
    await visitor.page.setViewportSize({ width: 640, height: 400 });
    await visitor.look("withdrawal-zoomed");
  },
};

/** A merchant with a logo and a colour of its own, on both pages. */
export const brand = {
  async branded_deposit(visitor, server) {
    const { url } = await server.session();
    await visitor.page.goto(url);
    await isDressed(visitor);
    await visitor.look("brand-deposit");
    await visitor.card("4111111111111111");
    await visitor.pay();
    await visitor.sees("The payment is complete");
    await visitor.look("brand-deposit-paid");
  },

  async branded_withdrawal(visitor, server) {
    const { url } = await server.withdrawal({ settings: { success_url: "https://shop.example/ok", pending_url: "" } });
    await visitor.page.goto(url);
    await isDressed(visitor);
    await visitor.look("brand-withdrawal");
    await confirm(visitor, url, BANK, ACCOUNT);
    await visitor.look("brand-withdrawal-checked");
  },
};

/** The logo is drawn, and the button has the merchant's colour, whatever the policy of the page. */
async function isDressed(visitor) {
  const logo = visitor.page.locator("img.logo");
  assert.ok(await logo.isVisible());
  const box = await logo.boundingBox();
  assert.ok(box.width > 20 && box.height > 10, `the logo is ${box.width} by ${box.height}`);
  if (!visitor.place.javaScriptEnabled) return;
  const [drawn, colour] = await visitor.page.evaluate(() => [
    document.querySelector("img.logo").naturalWidth,
    getComputedStyle(document.querySelector(".button.primary")).backgroundColor,
  ]);
  assert.ok(drawn > 0, "the logo is no picture");
  assert.ok(!["rgb(27, 79, 138)", "rgb(147, 189, 242)"].includes(colour), `the button is ours: ${colour}`);
}
