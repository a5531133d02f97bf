import * as z from 'zod';

/** Most submodules that an application may ignore. */
const MOST_SUBMODULES = 50;
/** Most characters of the list as JSON. CodeBuild limits all variables of a build together. */
const MOST_CHARACTERS = 1000;

const isPlainPath = (path: string): boolean =>
  !/\p{Cc}/u.test(path) && path.split('/').every((part) => !['', '.', '..'].includes(part));

/** Paths of submodules in the config repository that plans of an application may do without. */
export const IgnoredSubmodulesSchema = z
  .array(
    z.string().refine(isPlainPath, {
      error: 'the path of a submodule as git names it: from the root of the repository, without a slash at either end',
    }),
  )
  .max(MOST_SUBMODULES)
  .refine((paths) => new Set(paths).size === paths.length, { error: 'a submodule is in the list twice' })
  .refine((paths) => JSON.stringify(paths).length <= MOST_CHARACTERS, {
    error: `all together at most ${MOST_CHARACTERS} characters of JSON`,
  });
