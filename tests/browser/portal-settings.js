// Settings: credentials, webhooks, the developer's page, rules, providers and branding.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";

import { admin, comesToSee, go, open, pay } from "./portal.js";

/** Stories run on several places at once, each with things of its own. */
const own = (visitor, name) => `${name} ${visitor.place.size} ${visitor.place.colorScheme}`;

export const stories = {
  async portal_credentials(visitor, server) {
    await open(visitor, server, "credentials");
    await visitor.sees("Demo shop");
    await visitor.look("portal-credentials");
    await visitor.page.selectOption("#api", "v3");
    await visitor.press("Go on");
    await visitor.look("portal-credential-new");
    await visitor.page.fill("#name", own(visitor, "Web shop"));
    await visitor.page.fill("#deny", "everybody");
    await visitor.press("Make the credential");
    await visitor.sees("must be addresses or ranges");
    assert.equal(await visitor.page.inputValue("#name"), own(visitor, "Web shop"));
    await visitor.look("portal-credential-fault");
    await visitor.page.fill("#deny", "192.0.2.0/24");
    await visitor.press("Make the credential");
    await visitor.sees("Access token");
    await visitor.look("portal-credential-made");
    const token = await visitor.page.locator(".secrets dd code", { hasText: "fl_dev_" }).innerText();
    const entity = await visitor.page.locator(".secrets dd code", { hasText: /^EB/ }).innerText();
    const fields = new URLSearchParams({ entityId: entity, amount: "1.00", currency: "EUR", paymentType: "DB" });
    const answer = await fetch(`${server.base}/v3/checkouts`, {
      method: "POST", headers: { authorization: `Bearer ${token}` }, body: fields,
    });
    assert.equal(answer.status, 200, await answer.text());
    await visitor.page.getByRole("link", { name: "I have stored it" }).click();
    await visitor.sees("What it may do, and from where");
    await visitor.look("portal-credential");
    assert.ok(!(await visitor.page.content()).includes(token), "shown once");
    await visitor.page.getByText("End it for good…").click();
    await visitor.press("End it for good");
    await visitor.sees("The credential is ended.");
    await go(visitor, server, "/portal/m/1/live/credentials");
    await visitor.sees("No credentials yet");
    await visitor.look("portal-credentials-empty");
  },

  async portal_credential_settings(visitor, server) {
    await open(visitor, server, "credentials");
    const links = await visitor.page.locator("tbody tr a").evaluateAll((all) => all.map((one) => one.getAttribute("href")));
    for (const [api, label] of [
      ["Cashier", "Webhook URL"], ["Payments v3", "3-D Secure"], ["Transaction services", "Refunds of a transaction"], ["Crypto point of sale", "Spread"],
    ]) {
      let found = false;
      for (const link of links) {
        await go(visitor, server, link);
        found = await visitor.page.getByRole("heading", { name: `Settings of ${api}` }).count() > 0;
        if (found) break;
      }
      assert.ok(found, `a credential of ${api}`);
      await visitor.sees(label);
      await visitor.look(`portal-settings-${api.toLowerCase().replaceAll(" ", "-")}`);
      if (api === "Payments v3") {
        await visitor.page.getByLabel("Tries in one checkout").fill("9");
        await visitor.press("Save settings");
        await visitor.sees("Checkout attempts must be a number from 1 to 5.");
        assert.equal(await visitor.page.getByLabel("Tries in one checkout").inputValue(), "9");
        await visitor.look("portal-settings-fault");
        await visitor.page.getByLabel("Tries in one checkout").fill("3");
        await visitor.press("Save settings");
        await visitor.sees("The settings are changed.");
        assert.equal(await visitor.page.getByLabel("Tries in one checkout").inputValue(), "3");
        await visitor.page.getByLabel("Tries in one checkout").fill("");
        await visitor.press("Save settings");
      }
    }
  },

  async portal_accounts(visitor, server) {
    await open(visitor, server, "/portal/operator/providers");
    await visitor.sees("Card Simulator B");
    await visitor.look("portal-accounts");
    await visitor.page.getByRole("link", { name: "simulator", exact: true }).click();
    await visitor.sees("What the driver is told");
    await visitor.page.fill("#name", own(visitor, "Acme"));
    await visitor.page.fill("#code", "Acme");
    await visitor.page.fill("#amount_max", "500");
    await visitor.press("Make the account");
    await visitor.sees("Code must be 1 to 40 lower-case letters");
    assert.equal(await visitor.page.inputValue("#amount_max"), "500");
    await visitor.look("portal-account-fault");
    await visitor.page.fill("#code", "acme");
    // Stories in other places may have taken the number meanwhile.
    await visitor.page.fill("#number", String(400 + ["phonelight", "phonedark", "desklight", "deskdark"].indexOf(visitor.place.size + visitor.place.colorScheme)));
    await visitor.press("Make the account");
    await visitor.sees("The account is there.");
    await visitor.look("portal-account");
    await visitor.page.fill("#currencies", "EUR, GBP");
    await visitor.press("Save");
    await visitor.sees("The account is changed.");
    assert.equal(await visitor.page.inputValue("#currencies"), "EUR, GBP");
    await visitor.press("Take it out of service");
    await visitor.sees("Out of service");
  },

  async portal_webhooks(visitor, server) {
    await pay(server);
    await open(visitor, server, "webhooks");
    await comesToSee(visitor, "Delivered");
    await visitor.look("portal-webhooks");
    await visitor.page.selectOption("#state", "delivered");
    await visitor.press("Filter");
    await visitor.page.getByRole("link", { name: /^msg_/ }).first().click();
    await visitor.sees("First bytes, or what went wrong");
    await visitor.look("portal-webhook");
    await visitor.press("Send it again");
    await visitor.sees("It is to be sent again.");
    await go(visitor, server, "webhooks?state=delivered");
    await visitor.page.getByRole("link", { name: "Send these again…" }).click();
    await visitor.sees("will be sent again, the oldest first");
    await visitor.look("portal-webhooks-replay");
    await go(visitor, server, "webhooks?endpoint=nobody.example:443");
    await visitor.sees("Nothing fits");
    await go(visitor, server, "/portal/m/1/live/webhooks");
    await visitor.sees("No webhooks yet");
    await visitor.look("portal-webhooks-empty");
  },

  async portal_developer(visitor, server) {
    await open(visitor, server, "developer");
    await visitor.sees("What the simulator does");
    await visitor.look("portal-developer");
    // Every request on the page works as it stands.
    const commands = await visitor.page.locator(".sample code").allTextContents();
    assert.ok(commands.length >= 8, String(commands.length));
    for (const command of commands.filter((text) => !text.includes("PAYMENT"))) {
      const said = execFileSync("bash", ["-c", command], { encoding: "utf8" });
      assert.ok(!/error|unauthori[sz]ed|"code":1\d{3}|800\.900|auth_failed/i.test(said.replace(/"errors?":\s*(null|\[\])/g, "")), `${command}\n${said}`);
    }
    const before = Date.now();
    await visitor.press("+ 1 minute");
    await visitor.sees("The test clock is advanced.");
    const { now } = await admin(server, "POST", "/clock", { advance_s: 1, merchant_id: 1 });
    assert.ok(new Date(now) - before > 60_000, now);
    await go(visitor, server, "/portal/m/1/live/developer");
    await visitor.sees("This page works in test mode");
    await visitor.look("portal-developer-live");
  },

  async portal_rules(visitor, server) {
    await open(visitor, server, "rules");
    await visitor.look("portal-rules");
    await visitor.page.selectOption("#method", "card");
    await visitor.page.fill("#amount", "150");
    await visitor.page.fill("#currency", "EUR");
    await visitor.press("Explain");
    await visitor.sees("It would be taken.");
    await visitor.look("portal-rules-explained");
    await visitor.page.getByRole("link", { name: "Add a rule" }).click();
    await visitor.page.fill("#currencies", "EUR, GBP");
    await visitor.page.fill("#amount_min", "100");
    await visitor.page.fill("#members", "215 1 1");
    await visitor.press("Try it on the last 30 days");
    await visitor.sees("need exactly one currency");
    assert.equal(await visitor.page.inputValue("#members"), "215 1 1");
    await visitor.look("portal-rule-fault");
    await visitor.page.fill("#currencies", "EUR");
    await visitor.press("Try it on the last 30 days");
    await visitor.sees("What it would have done");
    await visitor.sees("215 Card Simulator B");
    await visitor.look("portal-rule-tried");
  },

  async portal_providers(visitor, server) {
    await open(visitor, server, "providers");
    await visitor.sees("Cards with fallback");
    await visitor.look("portal-providers");
    await visitor.page.locator("tr", { hasText: "Voucher Simulator" }).getByText("Change").click();
    await visitor.look("portal-providers-change");
  },

  async portal_branding(visitor, server) {
    await open(visitor, server, "branding");
    await visitor.page.fill("#accent", "orange");
    await visitor.press("Save the look");
    await visitor.sees("Accent must be a colour");
    assert.equal(await visitor.page.inputValue("#accent"), "orange");
    await visitor.page.fill("#accent", "#e8762d");
    await visitor.press("Save the look");
    await visitor.sees("The look is saved.");
    await visitor.look("portal-branding");
    await visitor.page.fill("#accent", "");
    await visitor.press("Save the look");
  },
};
