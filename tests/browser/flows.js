// What payers do, told once and run everywhere.

import assert from "node:assert/strict";

const GOOD = "4111111111111111";
const CHALLENGED = "4000000000003220";
const NO_FUNDS = "4000000000009995";

async function becomes(server, reference, status) {
  assert.equal((await server.status(reference)).transaction_status, status);
}

export const flows = {
  async card(visitor, server) {
    const { url, reference } = await server.session();
    await visitor.page.goto(url);
    await visitor.look("cashier");
    await visitor.card(GOOD);
    await visitor.pay();
    await visitor.sees("The payment is complete");
    await visitor.look("paid");
    // Only a frame can be closed.
    assert.ok(!(await visitor.page.locator("#close").isVisible()));
    await becomes(server, reference, "successful");
    // Nobody finds a card number by going back.
    await visitor.page.goBack();
    assert.ok(!(await visitor.page.content()).includes("411111"));
  },

  async keyboard(visitor, server) {
    const { url, reference } = await server.session();
    await visitor.page.goto(url);
    const { keyboard } = visitor.page;
    await keyboard.press("Tab");
    for (const text of [GOOD, "5", "29", "444", "John Doe"]) {
      await keyboard.press("Tab");
      await keyboard.type(text);
    }
    await keyboard.press("Enter");
    await visitor.page.waitForSelector("text=The payment is complete");
    await becomes(server, reference, "successful");
  },

  async challenge(visitor, server) {
    for (const [button, sees, status] of [
      [/^Confirm/, "The payment is complete", "successful"],
      ["Decline", "Your bank could not confirm that it is you", "pending"],
      ["Cancel", "You cancelled on the provider", "pending"],
      ["Answer after 30 seconds", "not decided yet", "pending"],
    ]) {
      const { url, reference } = await server.session();
      await visitor.page.goto(url);
      await visitor.card(CHALLENGED);
      await visitor.pay();
      const challenge = visitor.page.url();
      if (status === "successful") await visitor.look("challenge");
      await visitor.press(button);
      await visitor.sees(sees);
      await becomes(server, reference, status);
      // Coming back by the same address changes nothing.
      await visitor.page.goto(challenge);
      await visitor.sees("answered already");
      await visitor.page.goto(url);
      await visitor.sees(sees);
      await becomes(server, reference, status);
    }
  },

  async abandoned(visitor, server) {
    const { url, reference } = await server.session();
    await visitor.page.goto(url);
    await visitor.card(CHALLENGED);
    await visitor.pay();
    await visitor.page.goto(url);
    await visitor.sees("Your payment waits for you");
    await visitor.look("waits");
    await visitor.page.getByRole("link", { name: "Continue the payment" }).click();
    await visitor.press(/^Confirm/);
    await visitor.sees("The payment is complete");
    await becomes(server, reference, "successful");
  },

  async again(visitor, server) {
    const { url, reference } = await server.session();
    await visitor.page.goto(url);
    await visitor.card(NO_FUNDS);
    await visitor.pay();
    await visitor.sees("There is not enough money available");
    await visitor.look("declined");
    await visitor.choose(211);
    await visitor.pay();
    await visitor.press("Decline");
    await visitor.sees("Your bank declined the payment");
    await visitor.choose(212);
    await visitor.pay();
    await visitor.press("Cancel");
    await visitor.sees("You cancelled on the provider");
    await visitor.choose(211);
    await visitor.pay();
    await visitor.look("bank");
    await visitor.press(/^Transfer/);
    await visitor.sees("The payment is complete");
    await becomes(server, reference, "successful");
  },

  async wallet_and_voucher(visitor, server) {
    const wallet = await server.session();
    await visitor.page.goto(wallet.url);
    await visitor.choose(212);
    await visitor.look("wallet-chosen");
    await visitor.pay();
    await visitor.press(/^Pay/);
    await visitor.sees("The payment is complete");
    const voucher = await server.session();
    await visitor.page.goto(voucher.url);
    await visitor.choose(213);
    await visitor.page.fill("#voucher_code", "1234567812340000");
    await visitor.pay();
    await visitor.sees("The voucher was not accepted");
    await visitor.choose(213);
    await visitor.page.fill("#voucher_code", "12");
    await visitor.pay();
    await visitor.sees("Enter the 16 digits of the voucher");
    await visitor.page.fill("#voucher_code", "1234567812345678");
    await visitor.pay();
    await visitor.sees("The payment is complete");
    await becomes(server, voucher.reference, "successful");
  },

  async open_amount(visitor, server) {
    const { url, reference } = await server.session({ amount_restricted: false, customer: { max_deposit_limit: 500 } });
    await visitor.page.goto(url);
    await visitor.page.fill("#amount", "500.01");
    await visitor.card("4111111111111112", { cvc: "4", exp_month: "13", holder_name: "مريم الخوري" });
    await visitor.pay();
    await visitor.sees("Enter an amount from 0.01 EUR to 500.00 EUR.");
    await visitor.sees("A digit is wrong");
    assert.equal(await visitor.page.inputValue("#card_number"), "");
    assert.equal(await visitor.page.inputValue("#holder_name"), "مريم الخوري");
    await visitor.look("faulty");
    await visitor.page.fill("#amount", "20.50");
    await visitor.card(GOOD);
    await visitor.pay();
    await visitor.sees("20.50 EUR");
    await becomes(server, reference, "successful");
  },

  async cancel(visitor, server) {
    const { url, reference } = await server.session();
    await visitor.page.goto(url);
    await visitor.press("Cancel the payment");
    await visitor.sees("The payment was cancelled");
    await visitor.look("cancelled");
    assert.deepEqual(await server.status(reference), {
      transaction_status: "rejected", rejected_reason: "Cancelled by customer",
    });
  },
};

/** What happens when the time is over. */
export const endings = {
  async expired(visitor, server) {
    const left = await server.session();
    const challenged = await server.session();
    await visitor.page.goto(challenged.url);
    await visitor.card(CHALLENGED);
    await visitor.pay();
    const challenge = visitor.page.url();
    await server.advance(31 * 60);
    // A yes that comes too late moves nothing.
    await visitor.press(/^Confirm/);
    await visitor.sees("The time for this page is over");
    await visitor.page.goto(challenge);
    await visitor.sees("The time for this page is over");
    await visitor.page.goto(left.url);
    await visitor.sees("The time to pay is over");
    await visitor.look("expired");
    for (const { reference } of [left, challenged]) {
      let status = {};
      for (let turn = 0; turn < 200 && status.transaction_status !== "rejected"; turn += 1) {
        status = await server.status(reference);
      }
      assert.deepEqual(status, { transaction_status: "rejected", rejected_reason: "Expired" });
    }
  },
};

/** What only has to be looked at, or needs scripts. */
export const looks = {
  async german(visitor, server) {
    const { url } = await server.session({ amount: "987654.32", amount_restricted: false, settings: { locale: "de" } });
    await visitor.page.goto(url);
    await visitor.look("german");
    await visitor.choose(211);
    await visitor.look("german-bank");
  },

  async spanish_and_french(visitor, server) {
    for (const locale of ["es", "fr"]) {
      const { url } = await server.session({ settings: { locale } });
      await visitor.page.goto(url);
      await visitor.look(locale);
    }
  },

  async theme(visitor, server) {
    for (const theme of ["dark", "light"]) {
      const { url } = await server.session({ theme, settings: { methods: ["card"] } });
      await visitor.page.goto(url);
      await visitor.look(`theme-${theme}`);
    }
  },

  async nicer_with_a_script(visitor, server) {
    const { url } = await server.session({ amount_restricted: false });
    await visitor.page.goto(url);
    await visitor.page.fill("#card_number", "");
    await visitor.page.locator("#card_number").pressSequentially("378282246310006");
    assert.equal(await visitor.page.inputValue("#card_number"), "3782 822463 10006");
    await visitor.sees("American Express");
    await visitor.page.locator("#card_number").blur();
    await visitor.page.waitForSelector("text=A digit is wrong");
    await visitor.page.fill("#amount", "12.30");
    await visitor.sees("Pay 12.30 EUR");
    await visitor.look("typing");
  },

  async small_and_large(visitor, server) {
    const { url } = await server.session({ settings: { locale: "de" }, amount_restricted: false });
    await visitor.page.setViewportSize({ width: 320, height: 640 });
    await visitor.page.goto(url);
    await visitor.look("narrow");
    // As a browser at 200 %: half the room.
    await visitor.page.setViewportSize({ width: 640, height: 400 });
    await visitor.look("zoomed");
  },

  async first_paint(visitor, server) {
    for (const [name, { url }] of [["cashier", await server.session()], ["withdrawal", await server.withdrawal()]]) {
      await measure(visitor, name, url);
    }
  },
};

/** What a browser without a cache loads until the page stands. */
async function measure(visitor, name, url) {
  const context = await visitor.page.context().browser().newContext(visitor.place);
  const page = await context.newPage();
  const parts = [];
  page.on("response", (answer) => parts.push(answer));
  await page.goto(url, { waitUntil: "networkidle" });
  let whole = 0;
  let sent = 0;
  for (const answer of parts) {
    const sizes = await answer.request().sizes();
    whole += (await answer.body()).length;
    sent += sizes.responseBodySize + sizes.responseHeadersSize;
  }
  await context.close();
  assert.ok(whole < 60_000 && sent < 60_000, `first paint of the ${name}: ${whole} bytes, ${sent} sent`);
  if (visitor.place.size === "phone" && visitor.place.colorScheme === "light") {
    console.log(`first paint of the ${name}: ${whole} bytes in ${parts.length} answers, ${sent} bytes sent with headers`);
  }
}
