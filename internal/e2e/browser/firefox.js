import puppeteer from 'puppeteer-core';

// openFirefox starts Firefox with a made-up camera, and drives it by WebDriver
// BiDi: playwright only knows builds of its own.
export function openFirefox() {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    headless: true,
    extraPrefsFirefox: {
      'media.navigator.permission.disabled': true,
      'media.navigator.streams.fake': true,
      'media.peerconnection.ice.loopback': true,
      'media.autoplay.default': 0,
    },
  });
}
