import * as z from 'zod';
import { type ModuleVersion, ModuleVersionSchema } from './environment-state.ts';

/** Module versions of an analysed plan; they become the environment's when it is applied. */
export function modulesOf(headline: unknown): ModuleVersion[] {
  return z.object({ modules: z.array(ModuleVersionSchema) }).parse(headline).modules;
}

/** The plan in a few lines of plain text, for e-mail. */
export function describeHeadline(headline: unknown): string[] {
  return [JSON.stringify(headline)];
}
