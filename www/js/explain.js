/**
 * Explanations. The core says where those of a reply stand; here the files are fetched, each when it is first needed, and put in place.
 * @module
 */

const FOLDER = new URL('../meaning/', import.meta.url)

const loads = new Map()
const loaded = new Map()

/** Fetches a file of explanations, once; a fetch that failed is tried afresh the next time. */
export function load(name) {
  if (!loads.has(name)) loads.set(name, fetchFile(name).catch((cause) => {
    loads.delete(name)
    throw new Error('Explanations did not load; the connection may have broken.', { cause })
  }))
  return loads.get(name)
}

async function fetchFile(name) {
  const response = await fetch(new URL(`${name}.json`, FOLDER))
  if (!response.ok) throw new Error(`${response.url}: ${response.status}`)
  loaded.set(name, await response.json())
  return loaded.get(name)
}

/**
 * What a reply means, as far as the files are there.
 * @param {object} outline what the core knows of it; see `core/src/meaning.rs`
 * @returns {{meaning: object, missing: string[]}} the files that must be loaded for the rest, which is `null` until then
 */
export function joined(outline) {
  const missing = new Set()
  const put = (place) => {
    const found = place && find(place, missing)
    return found ? join(place, found, outline.at) : null
  }
  const { at, basic, enhanced, keywords, command, ...rest } = outline
  const meaning = { ...rest, basic: put(basic), enhanced: put(enhanced), keywords: keywords.map(put), command: put(command) }
  return { meaning, missing: [...missing] }
}

/** What a reply means, all of it; rejects where a file cannot be had. */
export async function explain(outline) {
  for (;;) {
    const { meaning, missing } = outline ? joined(outline) : { meaning: null, missing: [] }
    if (missing.length === 0) return meaning
    await Promise.all(missing.map(load))
  }
}

function find({ files, names }, missing) {
  for (const file of files) {
    const entries = loaded.get(file)
    if (!entries) {
      missing.add(file)
      return null
    }
    const name = names.find((one) => Object.hasOwn(entries, one))
    if (name) return entries[name]
  }
  return null
}

function join({ key, words, details }, entry, step) {
  const { at, words: sentences, ...record } = entry
  const { steps, ...here } = at?.find((row) => row.steps.includes(step)) ?? {}
  const whole = { key, ...record, ...here }
  const own = words.map((word) => `${word}: ${sentences[word.toUpperCase()] ?? sentences['']}`)
  return { ...whole, details: [...whole.details, ...own, ...details] }
}

/**
 * Lets a machine of the core learn the well-known words of servers, if it wants to. Never rejects.
 * @returns {Promise<boolean>} whether there is something new
 */
export async function learn(machine) {
  try {
    if (!(await machine.wants_phrases())) return false
    const phrases = await load('phrases')
    if (!(await machine.wants_phrases())) return false
    await machine.learn(JSON.stringify(phrases))
    return true
  } catch (problem) {
    console.warn('ehlo:', problem)
    return false
  }
}
