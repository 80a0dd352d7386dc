/**
 * Makes a service worker of the script that calls it. All listeners are added at once, as browsers demand.
 * @param {{
 *   release: string, names the cache
 *   page: string, the page's path, such as "/app/"
 *   shell: string[], what is kept for use without network, the page first
 *   publicURL: string,
 *   icon?: string, badge?: string, addresses of pictures for notifications
 *   texts?: Partial<typeof import("./texts.js").texts>,
 * }} options
 */
export function serve(options) {}
