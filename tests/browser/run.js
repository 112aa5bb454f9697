// Drives the payer's pages and the portal in Chromium on a phone and on a desk, light and dark, with scripts and without: every flow in two of
// the eight ways, which have nothing in common, the next flow in the next two; with FLORIN_EVERY_PLACE=1 in all eight.
// Usage: node run.js BINARY SCREENSHOT_FOLDER [STORIES]. STORIES is a pattern of names. What is seen is kept in
// the folder, to be looked at.

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { startServer } from "./stage.js";
import {
  checkoutCardPages, checkoutCards, checkoutEndings, checkoutFrames, checkoutLooks, checkoutPages, registered,
} from "./checkout.js";
import { coinStories, offerCoins, scriptedOnly } from "./coins.js";
import { embedding } from "./embedding.js";
import { endings, flows, looks } from "./flows.js";
import { invoiceEndings, invoiceLooks, invoicePages } from "./invoices.js";
import { history } from "./portal.js";
import { brand, withdrawalEndings, withdrawalLooks, withdrawals } from "./withdrawals.js";

const [binary, folder, only = ""] = process.argv.slice(2);

/** Stories about the portal: a file a part of it. Each has names of its own. */
const parts = readdirSync(new URL(".", import.meta.url)).filter((name) => /^portal-\w+\.js$/.test(name)).sort();
const portal = Object.assign({}, ...(await Promise.all(parts.map(async (name) => (await import(`./${name}`)).stories))));

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Where the pages are looked at. */
const PLACES = [
  { size: "phone", viewport: { width: 360, height: 740 } },
  { size: "desk", viewport: { width: 1280, height: 800 } },
].flatMap((place) => ["light", "dark"].flatMap((colorScheme) =>
  [true, false].map((javaScriptEnabled) => ({ ...place, colorScheme, javaScriptEnabled }))));

const SCRIPTED = PLACES.filter(({ javaScriptEnabled }) => javaScriptEnabled);
const EVERY = Boolean(process.env.FLORIN_EVERY_PLACE);

/** A place, and the one that is otherwise in everything. */
const withOpposite = (place) =>
  [place, PLACES.find((other) => ["size", "colorScheme", "javaScriptEnabled"].every((trait) => other[trait] !== place[trait]))];

/** Stories in places, a place after the other: two of the same are never told at once, since they would meet at the server. */
const everywhere = (told, places, at) =>
  places.flatMap((place) => Object.entries(told).map(([name, story]) => [name, place, story, at]));

/** Stories with a script and without one. */
const anyhow = (told, at) => EVERY ? everywhere(told, PLACES, at) : [0, 1].flatMap((half) =>
  Object.entries(told).map(([name, story], nth) => [name, withOpposite(SCRIPTED[nth % SCRIPTED.length])[half], story, at]));

/** Stories that need a script. */
const scripted = (told, at) => everywhere(told, EVERY ? SCRIPTED : withoutTwins(SCRIPTED), at);

/** Of places the half that has both widths and both colours. */
const withoutTwins = (places) => places.filter(({ size, colorScheme }) => (size === "phone") === (colorScheme === "light"));

/** A shop with a name that runs from right to left, a light colour and a logo. */
const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 132 36" width="132" height="36"><circle cx="18" cy="18" r="16" fill="#e8762d"/>
  <path d="M8 20c4-8 16-8 20 0" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round"/><rect x="44" y="12" width="86" height="12" rx="6" fill="#e8762d"/></svg>`;
const SHOP = {
  name: "متجر النور",
  brand: { accent: "#e8762d", logo: `data:image/svg+xml;base64,${Buffer.from(LOGO).toString("base64")}` },
};

/** A page with what stories need: looking, and checking with axe-core what the eye does not see. */
class Visitor {
  constructor(page, place, server) {
    Object.assign(this, { page, place, server });
    this.faults = [];
    page.on("pageerror", (error) => this.faults.push(String(error)));
    page.on("console", (line) => {
      if (line.type() === "error" && !/status of (404|409|410|422)/.test(line.text())) this.faults.push(line.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(server.base) && !request.url().startsWith("data:")) this.foreign?.push(request.url());
      // More than four digits: a port may look like the beginning of a card's number.
      assert.ok(!/4111\W*1111|4000\W*0000/.test(new URL(request.url()).search), `card data in ${request.url()}`);
    });
  }

  /** Takes a picture and lets axe-core read the page. */
  async look(name) {
    const { size, colorScheme, javaScriptEnabled } = this.place;
    const file = `${name}-${size}-${colorScheme}${javaScriptEnabled ? "" : "-noscript"}.png`;
    await this.page.screenshot({ path: join(folder, file), fullPage: true });
    const wide = javaScriptEnabled && (await this.page.evaluate(() => document.documentElement.scrollWidth > innerWidth));
    assert.ok(!wide, `${name} scrolls sideways`);
    if (!javaScriptEnabled) return;
    await this.page.evaluate(axe);
    const found = await this.page.evaluate(() => window.axe.run(document));
    const serious = found.violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    assert.deepEqual(serious.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), [], `${name}: axe-core`);
  }

  async card(number, more = {}) {
    const fields = { card_number: number, exp_month: "5", exp_year: "29", cvc: "444", holder_name: "John Doe", ...more };
    for (const [name, value] of Object.entries(fields)) await this.page.fill(`#${name}`, value);
  }

  async choose(provider) {
    await this.page.check(`input[name="provider_id"][value="${provider}"]`);
  }

  /** Presses the button of the chosen way to pay. */
  async pay() {
    await this.page.locator(".pays:visible").click();
    await this.page.waitForLoadState();
  }

  async press(name) {
    await this.page.getByRole("button", { name }).click();
    await this.page.waitForLoadState();
  }

  async sees(text) {
    const body = await this.page.locator("body").innerText();
    assert.ok(body.includes(text), `“${text}” is not in: ${body}`);
  }
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const server = await startServer(binary);
const branded = await startServer(binary, SHOP);
const strict = await startServer(binary, undefined, { origins: ["http://localhost:1"], checkout_attempts: 2 });
const office = await startServer(binary);
const till = await startServer(binary);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
let failed = 0;
let told = 0;

/** Runs a story in a context of its own. */
async function run(name, place, story, at = server) {
  if (!new RegExp(only).test(name)) return;
  const context = await browser.newContext({ ...place, locale: "en-GB", reducedMotion: "reduce" });
  const visitor = new Visitor(await context.newPage(), place, at);
  visitor.page.setDefaultTimeout(10_000);
  const where = `${name} (${place.size}, ${place.colorScheme}, ${place.javaScriptEnabled ? "script" : "no script"})`;
  try {
    await story(visitor, at);
    assert.deepEqual(visitor.faults, [], "the browser's console");
    told += 1;
  } catch (error) {
    failed += 1;
    console.error(`FAILED ${where}\n${error.stack}`);
    await visitor.page.screenshot({ path: join(folder, `FAILED-${name}-${place.size}.png`) }).catch(() => {});
  }
  await context.close();
}

try {
  const stories = [
    ...anyhow({ ...flows, ...withdrawals, ...checkoutPages, ...checkoutCardPages, ...invoicePages }, server),
    ...scripted({ ...looks, ...withdrawalLooks, ...checkoutLooks, ...checkoutCards, ...invoiceLooks }, server),
    ...anyhow(brand, branded),
    ...scripted(portal, office),
  ];
  for (const [name, story] of Object.entries({ ...embedding, ...checkoutFrames })) stories.push([name, SCRIPTED[0], story]);
  for (const [name, story] of Object.entries(registered)) stories.push([name, SCRIPTED[0], story, strict]);
  if (Object.keys(portal).some((name) => new RegExp(only).test(name))) await history(office);
  // Two at a time: the browser draws while the other story waits.
  const lane = async () => {
    for (let next = stories.shift(); next; next = stories.shift()) await run(...next);
  };
  await Promise.all([lane(), lane()]);
  // These turn the clock, which all sessions share.
  const turning = { ...endings, ...withdrawalEndings, ...checkoutEndings, ...invoiceEndings };
  for (const story of anyhow(turning, server)) await run(...story);
  await offerCoins(till);
  for (const story of anyhow(coinStories, till)) {
    if (story[1].javaScriptEnabled || !scriptedOnly.includes(story[0])) await run(...story);
  }
} finally {
  await browser.close();
  await server.stop();
  await branded.stop();
  await strict.stop();
  await office.stop();
  await till.stop();
}
console.log(`${told} stories passed, ${failed} failed; screenshots in ${folder}`);
process.exit(failed ? 1 : 0);
