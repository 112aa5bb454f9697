// What stories about the portal share: signing in, opening a screen, payments to look at. The stories themselves are in the files
// `portal-*.js`; each exports `stories`, which run.js tells on a phone and on a desk, light and dark.

import assert from "node:assert/strict";

/** The demo's merchant. */
export const MERCHANT = "/portal/m/1/dev";

/** Signs in as the demo's operator. She comes to the overview of the demo's merchant. */
export async function signIn(visitor, server) {
  const { email, password } = server.demo.portal;
  await visitor.page.goto(`${server.base}/portal/sign-in`);
  await visitor.page.fill("#email", email);
  await visitor.page.fill("#password", password);
  await visitor.press("Sign in");
  await visitor.page.waitForURL((url) => url.pathname === MERCHANT);
}

/** Signs in and opens a screen of the demo's merchant (`payments`), or one by its whole path (`/portal/operator/nodes`). */
export async function open(visitor, server, path = "") {
  await signIn(visitor, server);
  await go(visitor, server, path);
}

/** Opens another screen of somebody who has signed in. */
export async function go(visitor, server, path = "") {
  const whole = path.startsWith("/") ? path : [MERCHANT, path].filter(Boolean).join("/");
  const answer = await visitor.page.goto(`${server.base}${whole}`);
  assert.equal(answer.status(), 200, `${whole}: ${answer.status()}`);
}

let paid = 0;

/** A card payment by the Cashier API; its reference. `card` decides what becomes of it, as in the simulator's table. */
export async function pay(server, { amount = 10.05, currency = "EUR", card = "4111111111111111", user = "U123", reference } = {}) {
  paid += 1;
  const tracking = reference ?? `portal-${process.pid}-${paid}`;
  const answer = await fetch(`${server.base}/v1/payments/s2s`, {
    method: "POST",
    headers: { "x-api-key": server.demo.cashier.api_key },
    body: JSON.stringify({
      request: {
        routing_id: server.demo.cashier.routing_id, user_id: user, tracking_id: tracking, ip: "127.34.125.54", amount, currency,
        settings: { webhook_url: `${server.base}/sim/inbox` },
      },
      card_details: { holder_name: "John Doe", card_number: card, cvc: "444", exp_month: "05", exp_year: "2030" },
    }),
  });
  const said = await answer.json();
  assert.ok(said.transaction_status, JSON.stringify(said));
  return tracking;
}

/** Ten days of payments for the screens to show, of two currencies, some of them declined. The clock is turned, so it comes before all
    stories. */
export async function history(server) {
  for (let day = 0; day < 10; day += 1) {
    for (let nth = 0; nth < 2 + (day * 3) % 4; nth += 1) await pay(server, { amount: 20 + day * 37 + nth * 11.5 });
    if (day % 3 === 0) await pay(server, { amount: 1200 + day, currency: "USD" });
    if (day % 4 === 1) await pay(server, { card: "4000000000009995" });
    if (day < 9) await server.advance(24 * 3600);
  }
}

/** Calls the admin API; its answer. */
export async function admin(server, method, path, body) {
  const answer = await fetch(`${server.base}/admin/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${server.demo.admin.token}`, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const said = await answer.json();
  assert.ok(answer.ok, `${path}: ${answer.status} ${JSON.stringify(said)}`);
  return said;
}

/** Loads the screen again until it says something that workers bring. */
export async function comesToSee(visitor, text) {
  for (let turn = 0; turn < 100; turn += 1) {
    if ((await visitor.page.locator("main").innerText()).includes(text)) return;
    await visitor.page.reload();
  }
  await visitor.sees(text);
}
