import type { DeclaredVariable, FileValue } from './variables.ts';

/** Returns the values of sensitive variables in a directory's files. They are known before there is a plan. */
export function secretsAmong(declared: readonly DeclaredVariable[], values: readonly FileValue[]): string[] {
  const sensitive = declared.filter(({ isSensitive }) => isSensitive);
  const names = new Set(sensitive.map(({ name }) => name));
  return [
    ...sensitive.flatMap(({ defaultTexts }) => defaultTexts),
    ...values.filter(({ variable }) => names.has(variable)).flatMap(({ texts }) => texts),
  ];
}
