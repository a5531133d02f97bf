import * as z from 'zod';
import { Sha256Schema } from '../names.ts';

export const EngineNameSchema = z.enum(['terraform', 'tofu']);
export type EngineName = z.infer<typeof EngineNameSchema>;

export const EngineVersionSchema = z.string().regex(/^\d+\.\d+\.\d+$/, 'a version like 1.11.4');

/** A zip that contains the engine, identified by its digest: the server that delivers it is not trusted. */
export const EngineReleaseSchema = z.strictObject({
  name: EngineNameSchema,
  version: EngineVersionSchema,
  url: z.string().regex(/^https:\/\/\S+$/, 'an https address'),
  sha256: Sha256Schema,
});
export type EngineRelease = z.infer<typeof EngineReleaseSchema>;

export type EnginePlatform = 'linux_arm64' | 'linux_amd64' | 'darwin_arm64' | 'darwin_amd64';

/** The platform that builds run on in AWS. */
export const BUILD_PLATFORM: EnginePlatform = 'linux_arm64';

/** Returns the address at which the makers of an engine publish its zip. */
export function officialAddress(name: EngineName, version: string, platform: EnginePlatform): string {
  const zip = `${name}_${version}_${platform}.zip`;
  return name === 'terraform'
    ? `https://releases.hashicorp.com/terraform/${version}/${zip}`
    : `https://github.com/opentofu/opentofu/releases/download/v${version}/${zip}`;
}
