// The stage of every story: a server with the demo's merchant, its API, and a shop's page on another origin.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A Florin of our own, on a free port and an empty folder. */
export async function startServer(binary) {
  const folder = mkdtempSync(join(tmpdir(), "florin-browser-"));
  const server = spawn(binary, ["serve", "--demo", "--listen", "127.0.0.1:0", "--data", join(folder, "data")], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const base = await new Promise((resolve, reject) => {
    let said = "";
    server.stdout.on("data", (part) => {
      said += part;
      const ready = /florin ready on (\S+)/.exec(said);
      if (ready) resolve(ready[1]);
    });
    server.on("error", reject);
    server.on("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const demo = JSON.parse(readFileSync(join(folder, "data", "demo.json"), "utf8"));
  const stop = () =>
    new Promise((resolve) => {
      server.removeAllListeners("exit");
      server.on("exit", () => {
        rmSync(folder, { recursive: true, force: true });
        resolve();
      });
      server.kill("SIGTERM");
    });
  return { base, demo, stop, ...api(base, demo) };
}

let made = 0;

function api(base, demo) {
  /** A cashier session: its address, token and reference. */
  async function session(more = {}) {
    made += 1;
    const reference = more.tracking_id ?? `browser-${made}`;
    const request = { user_id: "U123", tracking_id: reference, amount: "10.05", currency: "EUR", ...more };
    const answer = await fetch(`${base}/v1/payments/hosted`, {
      method: "POST",
      headers: { "x-api-key": demo.cashier.api_key },
      body: JSON.stringify({ request }),
    });
    const body = await answer.json();
    if (!body.token) throw new Error(`no token: ${JSON.stringify(body)}`);
    return { url: `${base}/cashier/${body.token}`, token: body.token, reference };
  }

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

  return { session, status, advance };
}

/** A shop's web server: every path is one page. */
export async function startShop(page) {
  const server = createServer((_, answer) => {
    answer.setHeader("content-type", "text/html; charset=utf-8");
    answer.end(page);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  return { port, stop: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }) };
}
