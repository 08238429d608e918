/**
 * Gives a script of the page to a test: `const { bareHost } = await page('settings')`.
 * @module
 */

import { register } from 'node:module'

register('./hooks.js', import.meta.url)

// Scripts that listen to the window do so when they are loaded.
globalThis.addEventListener ??= () => {}

// Node 18 has none.
globalThis.CustomEvent ??= class extends Event {
  constructor(name, { detail } = {}) {
    super(name)
    this.detail = detail
  }
}

/** @param {string} name of a file in `www/js`, without its ending; what follows a `?` makes it be run anew */
export function page(name) {
  const [file, query] = name.split('?')
  return import(new URL(`../../../../www/js/${file}.js${query ? `?${query}` : ''}`, import.meta.url).href)
}

/** What was thrown by `work`; fails where nothing was. */
export function thrown(work) {
  try {
    work()
  } catch (problem) {
    return problem
  }
  throw new Error('nothing was thrown')
}
