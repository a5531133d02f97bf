import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Files that the parser loads at run time, by their paths in packages. The bundled program has them beside it. */
export const RUNTIME_FILES = {
  'web-tree-sitter.wasm': 'web-tree-sitter/web-tree-sitter.wasm',
  'tree-sitter-terraform.wasm': '@tree-sitter-grammars/tree-sitter-hcl/tree-sitter-terraform.wasm',
} as const;

/** Returns the path of a run time file: beside this program, or in its package. */
export function runtimeFile(name: keyof typeof RUNTIME_FILES): string {
  const beside = fileURLToPath(new URL(`./${name}`, import.meta.url));
  return existsSync(beside) ? beside : createRequire(import.meta.url).resolve(RUNTIME_FILES[name]);
}
