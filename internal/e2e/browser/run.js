// Opens the page at the address given as argument in Chromium, or in Firefox if
// that is the second argument, waits for its promise window.result and prints
// that as JSON.
import { openChromium } from './chromium.js';
import { openFirefox } from './firefox.js';

const [address, name = 'chromium'] = process.argv.slice(2);
const browser = await { chromium: openChromium, firefox: openFirefox }[name]();
try {
  const page = await browser.newPage();
  page.on('console', (message) => console.error(message.text()));
  page.on('pageerror', (error) => console.error(error.stack));
  await page.goto(address);
  console.log(JSON.stringify(await page.evaluate(() => window.result)));
} finally {
  await browser.close();
}
