/**
 * Loads the page's scripts as what they are, modules, and puts stand-ins in the place of what is not there without a build or a browser.
 * @module
 */

const STAND_INS = [
  [/\/www\/js\/[\w-]+\.js$/, /^\.\/catalog\.js$/, './catalog.js'],
  [/\/www\/js\/page\.js(\?|$)/, /^\.\.\/smtp-conversation\.js$/, './nothing.js'],
]

export async function resolve(specifier, context, next) {
  const stand = STAND_INS.find(([parent, name]) => parent.test(context.parentURL ?? '') && name.test(specifier))
  if (stand) return { url: new URL(stand[2], import.meta.url).href, shortCircuit: true }
  const found = await next(specifier, context)
  return /\/www\/.*\.js(\?|$)/.test(found.url) ? { ...found, format: 'module' } : found
}
