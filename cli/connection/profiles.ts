import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { isRecord } from '../../lambdas/domain/json-value.ts';
import { RegionSchema } from '../../lambdas/domain/names.ts';
import { CommandError } from '../output/command-error.ts';

const EndpointSchema = z.url({ protocol: /^https?$/, error: 'an address that begins with https:// or http://' });

const ProfileSchema = z.strictObject({
  /** The output `ApiUrl` of the stack, or the address of a local cloud. */
  endpoint: EndpointSchema,
  /** Needed only when the address does not name the region: with a domain of your own. */
  region: RegionSchema.optional(),
  /** Caller in a local cloud. */
  as: z.string().min(1).optional(),
});
export type Profile = z.infer<typeof ProfileSchema>;

const ProfilesSchema = z.strictObject({
  /** The profile that is used when none is named. */
  default: z.string().optional(),
  profiles: z.record(z.string(), ProfileSchema),
});
type Profiles = z.infer<typeof ProfilesSchema>;

export const profilesFile = (environment: Readonly<Record<string, string | undefined>>, home: string): string =>
  join(environment.XDG_CONFIG_HOME || join(home, '.config'), 'stagegate', 'config.json');

/** Reads the file of profiles. Returns undefined when there is none. Throws an error that names what is wrong in it. */
export function readProfiles(file: string): Profiles | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isRecord(error) && error.code === 'ENOENT') return undefined;
    throw new CommandError('usage', `reading ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { data, error } = ProfilesSchema.safeParse(parseJson(file, text));
  if (!data) throw new CommandError('usage', `${file}: ${describeIssues(error.issues)}`, { nextStep: EXAMPLE });
  if (data.default !== undefined && !(data.default in data.profiles))
    throw new CommandError(
      'usage',
      `${file}: default is ${JSON.stringify(data.default)}, and there is no such profile`,
    );
  return data;
}

const EXAMPLE =
  'It looks like this: {"default":"company","profiles":{"company":{"endpoint":"https://abc.execute-api.eu-west-1.amazonaws.com"}}}';

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError('usage', `${file} is no JSON: ${reason}`, { nextStep: EXAMPLE });
  }
}

const describeIssues = (issues: readonly z.core.$ZodIssue[]): string =>
  issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`).join('; ');

/** Parses an address that was given by hand. `from` says where: `--endpoint`. */
export function parseEndpoint(from: string, text: string): string {
  const { data } = EndpointSchema.safeParse(text);
  if (data === undefined)
    throw new CommandError('usage', `${from} is ${JSON.stringify(text)}, which is no address`, {
      nextStep: 'Give the output ApiUrl of the stack, for example https://abc.execute-api.eu-west-1.amazonaws.com',
    });
  return data;
}
