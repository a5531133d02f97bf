import type { HclAttribute } from '../configuration/hcl.ts';

/** One argument of a backend, in a block or in a file. */
export type BackendSetting = Pick<HclAttribute, 'name' | 'line' | 'literal' | 'expression'>;

/** The backend that a directory's configuration declares. */
export interface DeclaredBackend {
  readonly type: string;
  readonly file: string;
  readonly line: number;
  readonly attributes: readonly BackendSetting[];
}
