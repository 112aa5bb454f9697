// The stage of every story: a server with the demo's merchant, its API, and a shop's page on another origin.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A Florin of our own, on a free port and an empty folder. `shop` is laid over the demo's merchant: a name, a brand; `settings` are
    those of its credential for Payments v3. */
export async function startServer(binary, shop, settings) {
  const folder = mkdtempSync(join(tmpdir(), "florin-browser-"));
  const data = join(folder, "data");
  let server = await serve(binary, data);
  if (shop || settings) {
    await end(server.process);
    if (shop) lay(join(data, "florin.db"), "merchant", 1, shop);
    if (settings) lay(join(data, "florin.db"), "credential", 2, { settings });
    server = await serve(binary, data);
  }
  const demo = JSON.parse(readFileSync(join(data, "demo.json"), "utf8"));
  const stop = async () => {
    await end(server.process);
    rmSync(folder, { recursive: true, force: true });
  };
  return { base: server.base, demo, stop, ...api(server.base, demo) };
}

async function serve(binary, data) {
  const process = spawn(binary, ["serve", "--demo", "--listen", "127.0.0.1:0", "--data", data], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const base = await new Promise((resolve, reject) => {
    let said = "";
    process.stdout.on("data", (part) => {
      said += part;
      const ready = /florin ready on (\S+)/.exec(said);
      if (ready) resolve(ready[1]);
    });
    process.on("error", reject);
    process.on("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return { process, base };
}

function end(process) {
  return new Promise((resolve) => {
    process.removeAllListeners("exit");
    process.on("exit", resolve);
    process.kill("SIGTERM");
  });
}

/** Nothing but the row can say how a merchant looks, so the row is written while no server runs. */
function lay(database, kind, id, over) {
  const patch = JSON.stringify(over).replaceAll("'", "''");
  const where = `WHERE kind = '${kind}' AND id = ${id}`;
  const sql = `UPDATE config SET document = json_patch(document, '${patch}') ${where}; SELECT changes();`;
  const changed = execFileSync("sqlite3", [database, sql], { encoding: "utf8" }).trim();
  if (changed !== "1") throw new Error(`${changed} merchants rows were written`);
}

let made = 0;

function api(base, demo) {
  async function call(path, body) {
    const answer = await fetch(`${base}${path}`, {
      method: "POST",
      headers: { "x-api-key": demo.cashier.api_key },
      body: JSON.stringify(body),
    });
    return answer.json();
  }

  async function open(path, fields) {
    made += 1;
    const reference = `browser-${made}`;
    const request = { user_id: "U123", tracking_id: reference, currency: "EUR", ...fields };
    const body = await call(path, { request });
    if (!body.token) throw new Error(`no token: ${JSON.stringify(body)}`);
    return { url: `${base}/cashier/${body.token}`, token: body.token, reference };
  }

  /** A cashier session: its address, token and reference. */
  const session = (more = {}) => open("/v1/payments/hosted", { amount: "10.05", ...more });

  /** The same of a withdrawal. */
  const withdrawal = (more = {}) => open("/v1/withdrawals/hosted", { amount: "200.00", ...more });

  const approve = (reference) => call("/v1/withdrawals/approve", { transaction_id: reference });
  const reject = (reference) => call("/v1/withdrawals/reject", { transaction_id: reference });

  async function status(reference) {
    const answer = await fetch(`${base}/v1/transactions/${reference}`, { headers: { "x-api-key": demo.cashier.api_key } });
    return answer.json();
  }

  async function advance(seconds) {
    await fetch(`${base}/admin/v1/clock`, {
      method: "POST",
      headers: { authorization: `Bearer ${demo.admin.token}`, "content-type": "application/json" },
      body: JSON.stringify({ advance_s: seconds }),
    });
  }

  async function v3(method, path, fields = {}) {
    const form = new URLSearchParams({ entityId: demo.v3.entity_id, ...fields });
    const url = `${base}${path}${method === "GET" ? `?${form}` : ""}`;
    const headers = { authorization: `Bearer ${demo.v3.access_token}` };
    const answer = await fetch(url, { method, headers, body: method === "GET" ? undefined : form });
    return answer.json();
  }

  /** A checkout's id. */
  async function checkout(fields = {}, mount = "/v3") {
    const order = fields.paymentType === "" ? fields : { amount: "92.00", currency: "EUR", paymentType: "DB", ...fields };
    const made = await v3("POST", `${mount}/checkouts`, order);
    if (!made.id) throw new Error(`no checkout: ${JSON.stringify(made)}`);
    return made.id;
  }

  /** The result code of a checkout. */
  const outcome = async (id) => (await v3("GET", `/v3/checkouts/${id}/payment`)).result.code;

  /** What a checkout stored. */
  const stored = (id) => v3("GET", `/v3/checkouts/${id}/registration`);

  /** A stored card's token. */
  async function card(number) {
    const fields = { "card.number": number, "card.holder": "Jane Jones", "card.expiryMonth": "05", "card.expiryYear": "2034" };
    return (await v3("POST", "/v3/registrations", fields)).id;
  }

  return { session, withdrawal, approve, reject, status, advance, checkout, outcome, stored, card };
}

/** A shop's web server: every path is one page, or what a function of the path says. */
export async function startShop(page) {
  const server = createServer((request, answer) => {
    answer.setHeader("content-type", "text/html; charset=utf-8");
    answer.end(typeof page === "function" ? page(request.url) : page);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  return { port, stop: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }) };
}
