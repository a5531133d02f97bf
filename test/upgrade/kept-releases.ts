import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { GATE_EXPIRY, GATES } from '../../lambdas/domain/policy.ts';
import type { AnswerFields } from './answer-fields.ts';
import { filesOf, unpackAssembly } from './assembly-archive.ts';

/**
 * The days for which an execution may wait for decisions, and a week: every gate may stay open for the longest time that
 * a policy may ask for, one after the other. What an execution needs stays for as long.
 */
export const DAYS_KEPT = (GATES.length * GATE_EXPIRY.most) / 86_400 + 7;

/** Everything that is kept of the releases that may still run somewhere. */
const DIRECTORY = join(import.meta.dirname, 'releases');
export const RELEASE_LIST = join(DIRECTORY, 'releases.json');

const ReleaseSchema = z.strictObject({
  /** The version, or for a commit between two versions its day: the name of the directory. */
  name: z.string().regex(/^[a-z0-9.-]+$/),
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  /** The day of the release. */
  madeOn: z.iso.date(),
});
export type Release = z.infer<typeof ReleaseSchema>;

const ReleasesSchema = z.array(ReleaseSchema);

/** Returns every release that was ever made, oldest first. Entries are added and never removed. */
export const allReleases = (): Release[] =>
  existsSync(RELEASE_LIST) ? ReleasesSchema.parse(JSON.parse(readFileSync(RELEASE_LIST, 'utf8'))) : [];

/** A stored record as DynamoDB returns it. */
export const ItemSchema = z.looseObject({
  pk: z.object({ S: z.string() }),
  sk: z.object({ S: z.string() }),
  kind: z.object({ S: z.string() }),
  data: z.object({ S: z.string() }),
});
export type Item = z.infer<typeof ItemSchema>;
const ItemsSchema = z.record(z.string(), ItemSchema);

const AnswersSchema = z.record(z.string(), z.record(z.string(), z.array(z.string())));

/** The files of a kept release. */
export const KEPT_FILES = {
  /** The definition of the state machine, as the local cloud deploys it. */
  definition: 'definition.json',
  /** The answers of the functions that the definition calls. */
  answers: 'answers.json',
  /** A record of each kind, as the release stored it. */
  records: 'records.json',
  /** The cloud assembly with which the end-to-end suites run the release. */
  assembly: 'assembly.zst',
} as const;

/** Returns the directory of a release. */
export const directoryOf = ({ name }: Pick<Release, 'name'>): string => join(DIRECTORY, name);

/** Returns the releases of which everything is kept, oldest first. */
export const keptReleases = (): Release[] => allReleases().filter((release) => existsSync(directoryOf(release)));

/**
 * Returns the releases of which everything must still be kept on a day: the newest, and each that was replaced at most
 * DAYS_KEPT days before. An installation that leaves such a release has executions of it.
 */
export const neededReleases = (releases: readonly Release[], today: Date): Release[] =>
  releases.filter((_, index) => {
    const next = releases[index + 1];
    return next === undefined || today.getTime() - Date.parse(next.madeOn) <= DAYS_KEPT * 86_400_000;
  });

/** Returns the names of the directories of releases. */
export const keptDirectories = (): string[] =>
  readdirSync(DIRECTORY, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

const read = (release: Release, file: keyof typeof KEPT_FILES): Buffer =>
  readFileSync(join(directoryOf(release), KEPT_FILES[file]));

/** Returns the definition of the state machine as JSON. */
export const definitionOf = (release: Release): string => read(release, 'definition').toString();

/** Returns the template of the control plane, parsed. */
export function templateOf(release: Release): unknown {
  const template = filesOf(read(release, 'assembly')).find(({ path }) => path === 'Stagegate.template.json');
  if (!template) throw new Error(`the assembly of release ${release.name} has no template`);
  return JSON.parse(template.content.toString());
}

/** Returns the fields of each function's answer, with the texts that they may have. */
export const answersOf = (release: Release): Readonly<Record<string, AnswerFields>> =>
  AnswersSchema.parse(JSON.parse(read(release, 'answers').toString()));

/** Returns the kept records by kind. */
export const recordsOf = (release: Release): Readonly<Record<string, Item>> =>
  ItemsSchema.parse(JSON.parse(read(release, 'records').toString()));

/** Unpacks the assembly of a release and returns its directory, which the caller removes. */
export function assemblyOfRelease(release: Release): string {
  const directory = mkdtempSync(join(tmpdir(), 'stagegate-release-'));
  unpackAssembly(read(release, 'assembly'), directory);
  return directory;
}
