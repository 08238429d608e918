/**
 * `js/catalog.js` is written by the build from `core/src/catalog.rs`; this says what it holds.
 * @module
 */

/** A purpose that can be chosen in the form: what it fills in. */
export interface Preset {
  id: string
  title: string
  about: string
  until: string
  from_hint: string
  to_hint: string
  /** The local part that suits as sender in the recipient's domain. */
  from_local: string | null
  subject: string
  body: string
}

export declare const catalog: {
  version: string
  /** The WebSocket subprotocol of the relay. */
  subprotocol: string
  path: string
  ports: { port: number, about: string }[]
  mechanisms: { word: string, about: string }[]
  presets: Preset[]
  personalities: { name: string, title: string, about: string }[]
  commands: string[]
}
