import type { Plugin } from 'vite';

/** Vite's own, which would load beforehand what a part that comes later needs. */
const HELPER = '\0vite/preload-helper.js';

/**
 * Loads parts of the page that come later, such as a language, without Vite's helper: they bring no styles,
 * and need nothing that is not there already. The helper would be some hundred bytes for every visitor.
 */
export function leanImports(): Plugin {
  return {
    name: 'lean-imports',
    apply: 'build',
    enforce: 'pre',
    load(id) {
      return id === HELPER ? 'export const __vitePreload = (load) => load();' : null;
    },
  };
}
