import * as z from 'zod';

/**
 * Lists in one place where the local cloud gives builds and functions something else than AWS would. Everything else
 * comes from the synthesized template. Each entry names the test that shows AWS's side, using what the template says.
 */

interface Difference {
  /** The local behaviour that differs from AWS. */
  readonly here: string;
  readonly test: string;
}

/**
 * Variables that the template gives its build projects and that have other values in the local cloud. No other variable
 * can be replaced.
 */
export const SUBSTITUTED_VARIABLES = {
  STAGEGATE_WORK: {
    here: "a directory of the local cloud's own, because its builds share one file system",
    test: 'test/buildspecs/synthesized-builds.test.ts',
  },
  STAGEGATE_ENGINES: {
    here: 'the engines on the PATH with their versions, instead of downloads; a version that an application names has to be there',
    test: 'test/buildspecs/synthesized-builds.test.ts',
  },
} as const satisfies Record<string, Difference>;
export type SubstitutedVariable = keyof typeof SUBSTITUTED_VARIABLES;

/**
 * The variables of a build that the local cloud reads. It needs them because it plays the operator of the environment's
 * account, and because builds of one environment share a path and must run one after another. A test compares them with
 * the declaration.
 */
export const SubjectSchema = z.object({
  STAGEGATE_APPLICATION: z.string(),
  STAGEGATE_ENVIRONMENT: z.string(),
  STAGEGATE_DIRECTORY: z.string(),
  STAGEGATE_ENGINE: z.enum(['terraform', 'tofu']),
});

/**
 * Names the environment whose builds share a path. Of an inspect build's variables only these are read, because it has
 * no account to play the operator of.
 */
export const PlaceSchema = SubjectSchema.pick({ STAGEGATE_APPLICATION: true, STAGEGATE_ENVIRONMENT: true });

/** Context values with which the local cloud synthesizes the template. */
export const SYNTHESIS_CONTEXT = {
  /** Executions are shown on a page of the local cloud. */
  'stagegate:executionsPath': { value: '/local/executions', test: 'test/lib/functions.test.ts' },
  /** Certificates are issued within a second. */
  'stagegate:dnsPollSeconds': { value: 1, test: 'test/lib/config.test.ts' },
  'stagegate:certificateWaitSeconds': { value: 60, test: 'test/lib/config.test.ts' },
  'stagegate:dnsChangeWaitSeconds': { value: 60, test: 'test/lib/config.test.ts' },
} as const;

/** Variables of the person's environment that a build inherits; it sees no others. */
export const INHERITED_VARIABLES: readonly string[] = [
  // The tools of this machine replace those of the build image.
  ...['PATH', 'HOME', 'LANG', 'TMPDIR'],
  // Providers come from the same place as for the person's own Terraform.
  ...['TF_PLUGIN_CACHE_DIR', 'TF_CLI_CONFIG_FILE'],
  // Private modules are fetched with the person's own access.
  'SSH_AUTH_SOCK',
];
/** Prefix of the variables that configure git: `url.<local>.insteadOf` and similar settings. */
export const INHERITED_PREFIX = 'GIT_CONFIG_';

/**
 * Addresses of the AWS services: functions and builds reach the services at the local cloud, and providers reach an
 * emulator if there is one.
 */
export const functionEndpoints = (endpoint: string): Record<string, string> => ({ AWS_ENDPOINT_URL: endpoint });
export const buildEndpoints = (endpoint: string, target: string | undefined): Record<string, string> => ({
  AWS_ENDPOINT_URL: target ?? endpoint,
  AWS_ENDPOINT_URL_S3: endpoint,
  AWS_ENDPOINT_URL_STS: endpoint,
  // Only the AWS provider reads this variable: its buckets are in the target, while the Terraform state is in the local
  // cloud.
  ...(target === undefined ? {} : { TF_AWS_S3_ENDPOINT: target }),
});

/** Variables that functions or builds have in the local cloud but not in AWS. */
export const ADDED_VARIABLES: Readonly<Record<string, Difference>> = {
  AWS_ENDPOINT_URL: {
    here: "the local cloud's address, of functions and builds; in builds the emulator that providers talk to",
    test: 'test/lib/functions.test.ts',
  },
  AWS_ENDPOINT_URL_S3: {
    here: 'the same for the state and artifacts of builds, which address buckets by path then',
    test: 'test/buildspecs/prepare.test.ts',
  },
  AWS_ENDPOINT_URL_STS: {
    here: 'the same for providers that ask who they are, or assume roles of their own',
    test: 'test/buildspecs/prepare.test.ts',
  },
  TF_AWS_S3_ENDPOINT: { here: "the emulator's buckets", test: 'test/buildspecs/target-endpoint.test.ts' },
  GIT_CONFIG_COUNT: {
    here: 'git takes the directory of --config-repo for every address that an application registers, also in module sources; in AWS it asks the address itself',
    test: 'test/lib/builds.test.ts',
  },
  NODE_COMPILE_CACHE: {
    here: 'compiled programs are kept from build to build; in AWS each build has a container of its own',
    test: 'test/buildspecs/synthesized-builds.test.ts',
  },
};

/** Behaviour of AWS, and parts of a template or a build, that the local cloud leaves out. */
export const LEFT_OUT: Readonly<Record<string, Difference>> = {
  "the time for which a function is loaded, or a request waits for one, against the function's and the gateway's limits":
    {
      here: 'only the time in which the handler runs counts: a busy machine has too few environments, and is slow to make one',
      test: 'test/lib/functions.test.ts',
    },
  'the seconds after which AWS ends a connection that is idle': {
    here: 'no connection is ended for being idle, so a build that keeps one open does not end either',
    test: 'test/buildspecs/providers/open-provider-cache.test.ts',
  },
  'image, computeType and runtime-versions of a build': {
    here: 'commands run with the tools of this machine and the Node.js that runs the local cloud',
    test: 'test/lib/builds.test.ts',
  },
  'fetching a source with its connection or secret': {
    here: "git fetches it with the person's own configuration; whether the project's role may use them is checked",
    test: 'test/lib/builds.test.ts',
  },
};
