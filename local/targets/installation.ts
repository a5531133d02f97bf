import * as z from 'zod';
import type { CloudAssembly } from '../assembly/cloud-assembly.ts';

/** Versions that had no choice do not tell the name. */
const Outputs = z.object({ Installation: z.object({ Value: z.string() }).default({ Value: 'stagegate' }) });

/** Returns the name that begins every physical name of the synthesized installation. */
export const installationOf = (assembly: Pick<CloudAssembly, 'stack'>): string =>
  Outputs.parse(assembly.stack('Stagegate').template.Outputs).Installation.Value;
