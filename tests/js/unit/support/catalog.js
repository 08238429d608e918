/**
 * Stands for `js/catalog.js`, which the build writes.
 * @module
 */
export const catalog = { subprotocol: 'ehlo.relay.v1', ports: [], mechanisms: [], presets: [], personalities: [], commands: [] }
