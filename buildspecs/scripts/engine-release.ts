/**
 * Prints version and SHA-256 of the engine release that a build installs: the version the application names, or the
 * first of its engine in STAGEGATE_ENGINES, the releases that our configuration allows.
 */
import * as z from 'zod';

const ReleasesSchema = z.array(z.object({ name: z.string(), version: z.string(), sha256: z.string() }));

const {
  STAGEGATE_ENGINE: engine,
  STAGEGATE_ENGINE_VERSION: wanted = '',
  STAGEGATE_ENGINES: releases = '[]',
} = process.env;
const release = ReleasesSchema.parse(JSON.parse(releases)).find(
  ({ name, version }) => name === engine && (wanted === '' || version === wanted),
);
if (release) console.log(`${release.version} ${release.sha256}`);
process.exitCode = release ? 0 : 1;
