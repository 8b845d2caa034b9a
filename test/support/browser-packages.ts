/** A browser without a window, and a font for it. */
export const BROWSER_PACKAGES: readonly string[] = ['chromium-headless-shell', 'fonts-liberation']
