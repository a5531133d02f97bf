import { parse } from 'yaml';
import * as z from 'zod';

/** Commands of a phase. YAML reads `- false` as a boolean and `- 1` as a number; both are commands. */
const CommandsSchema = z.array(z.union([z.string(), z.boolean(), z.number()]).transform(String)).default([]);
const YesSchema = z.union([z.boolean(), z.enum(['yes', 'no'])]);

const PhaseSchema = z.strictObject({
  'on-failure': z.enum(['ABORT', 'CONTINUE']).optional(),
  /**
   * The runtimes that the image should use. It has no effect here: builds use the Node.js that runs the local cloud.
   */
  'runtime-versions': z.strictObject({ nodejs: z.union([z.string(), z.number()]).optional() }).optional(),
  commands: CommandsSchema,
  finally: CommandsSchema,
});

const BuildspecSchema = z.strictObject({
  version: z.union([z.literal(0.2), z.literal('0.2')]),
  env: z
    .strictObject({
      shell: z.literal('bash').optional(),
      variables: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).default({}),
      'exported-variables': z.array(z.string()).default([]),
      'git-credential-helper': YesSchema.optional(),
    })
    .default({ variables: {}, 'exported-variables': [] }),
  phases: z.strictObject({
    install: PhaseSchema.optional(),
    pre_build: PhaseSchema.optional(),
    build: PhaseSchema.optional(),
    post_build: PhaseSchema.optional(),
  }),
});
/** A buildspec of version 0.2, with the parts that the local cloud can run. */
export type Buildspec = z.infer<typeof BuildspecSchema>;
export type PhaseName = keyof Buildspec['phases'];

/** Parses the text of a buildspec. Throws an error that names any part that is not supported. */
export function parseBuildspec(text: string): Buildspec {
  const parsed = BuildspecSchema.safeParse(parse(text));
  if (parsed.success) return parsed.data;
  throw new Error(`reading the buildspec: ${z.prettifyError(parsed.error)}`);
}
