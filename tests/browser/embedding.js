// The cashier inside a shop's page: on a registered site it works and tells the shop; a foreign site cannot frame it.

import assert from "node:assert/strict";

import { startShop } from "./stage.js";

async function framed(server, host, token, story) {
  const shop = await startShop(`<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Shop</title><main><h1>Shop</h1>
    <div id="pay" data-florin-token="${token}"></div></main>
    <script>var told = []; addEventListener("florin", function (event) { told.push(event.detail); });</script>
    <script src="${server.base}/cashier.js" async></script>`);
  try {
    await story(`http://${host}:${shop.port}/`);
  } finally {
    await shop.stop();
  }
}

async function frameOf(page, path) {
  for (let turn = 0; turn < 200; turn += 1) {
    const frame = page.frames().find((each) => each !== page.mainFrame() && each.url().includes(path));
    if (frame) return frame;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`no frame at ${path}: ${page.frames().map((each) => each.url())}`);
}

export const embedding = {
  async embedded(visitor, server) {
    const { token, reference } = await server.session({ settings: { success_url: "https://shop.example/ok" } });
    await framed(server, "localhost", token, async (url) => {
      const { page } = visitor;
      await page.goto(url);
      const frame = await frameOf(page, "/cashier/");
      await frame.waitForSelector("#card_number");
      await visitor.look("embedded");
      for (const [name, value] of Object.entries({
        card_number: "4000000000003220", exp_month: "5", exp_year: "29", cvc: "444", holder_name: "John Doe",
      })) await frame.fill(`#${name}`, value);
      await frame.locator(".pays:visible").click();
      const challenge = await frameOf(page, "/3ds/");
      await challenge.waitForSelector("text=Is it you who pays?");
      await visitor.look("embedded-challenge");
      await challenge.getByRole("button", { name: /^Confirm/ }).click();
      await page.waitForFunction(() => told.some((each) => each.status === "successful"));
      await visitor.look("embedded-paid");
      const told = await page.evaluate(() => told);
      assert.deepEqual([...new Set(told.map((each) => each.type))].sort(), ["ready", "resize", "status"]);
      const last = told.filter((each) => each.type === "status").at(-1);
      assert.deepEqual(
        [last.florin, last.tracking_id, last.transaction_id.length], [1, reference, 15],
      );
      // The shop's page was not left: that is for the payer, or the shop, to do.
      assert.equal(page.url(), url);
    });
    assert.equal((await server.status(reference)).transaction_status, "successful");
  },

  async embedded_withdrawal(visitor, server) {
    const { token, reference } = await server.withdrawal({ settings: { success_url: "https://shop.example/ok" } });
    await framed(server, "localhost", token, async (url) => {
      const { page } = visitor;
      await page.goto(url);
      const frame = await frameOf(page, "/cashier/");
      await frame.check('input[name="provider_id"][value="211"]');
      await frame.fill("#account_holder", "John Doe");
      await frame.fill("#iban", "GB33BUKB20201555555555");
      await visitor.look("embedded-withdrawal");
      await frame.locator(".pays:visible").click();
      await frame.waitForSelector("text=Your withdrawal is being checked");
      await server.approve(reference);
      await page.waitForFunction(() => told.some((each) => each.status === "successful"));
      await frame.waitForSelector("text=The withdrawal was paid out");
      await visitor.look("embedded-withdrawal-paid");
      const told = await page.evaluate(() => told.filter((each) => each.type === "status"));
      assert.deepEqual([...new Set(told.map((each) => each.status))], ["pending", "successful"]);
      assert.equal(told.at(-1).tracking_id, reference);
      assert.equal(page.url(), url);
    });
  },

  async evil_frame(visitor, server) {
    for (const { token } of [await server.session(), await server.withdrawal()]) await isNotFramed(visitor, server, token);
  },
};

async function isNotFramed(visitor, server, token) {
  await framed(server, "127.0.0.1", token, async (url) => {
    const { page } = visitor;
    const refused = page.waitForEvent("console", (line) => /frame-ancestors/.test(line.text()));
    await page.goto(url);
    await refused;
    const inside = page.frames().filter((each) => each !== page.mainFrame());
    for (const frame of inside) assert.ok(!(await frame.content()).includes("card_number"), "the page was framed");
    assert.deepEqual(await page.evaluate(() => told), []);
    // The refusal in the console is what was wanted.
    visitor.faults = visitor.faults.filter((fault) => !/frame-ancestors|Framing/.test(fault));
  });
}
