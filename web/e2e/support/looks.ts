import type { BrowserContextOptions } from 'playwright-core';

export const DESKTOP: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };

export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

/** The narrowest screen that the page is made for. */
export const NARROW = { width: 320, height: 640 };

export const SCHEMES = ['light', 'dark'] as const;
