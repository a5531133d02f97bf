import { join } from 'node:path';
import { type DeployedAssemblies, readDeployedAssemblies } from './assembly/deployed-assemblies.ts';
import type { Closers } from './closers.ts';
import { createDoor, type LocalDoor } from './door/door.ts';
import { startDoorServer } from './door/door-server.ts';
import { openDataDirectory } from './persistence/data-directory.ts';
import { openDatabase } from './persistence/database.ts';
import { createProgramStarter, type ProgramStarter } from './programs/program-starter.ts';
import type { LocalContext, LocalEvent } from './services/local-context.ts';

/** The account of the control plane; environments have their own accounts. */
const CONTROL_ACCOUNT = '000000000000';
const CONTROL_REGION = 'eu-west-1';

interface FoundationProps {
  readonly assemblyDirectory: string;
  readonly data?: string;
  readonly log: (event: LocalEvent) => void;
}

/** The parts that all services need. */
export interface Foundation {
  readonly context: LocalContext;
  readonly programs: ProgramStarter;
  readonly assemblies: DeployedAssemblies;
  readonly door: LocalDoor;
  /**
   * Directory where a service keeps files in its own format; undefined when nothing is kept after the local cloud ends.
   */
  readonly keptDirectory: string | undefined;
}

/** Opens the directory, the database, and the door that every AWS call passes through. */
export async function openFoundation(
  { assemblyDirectory, data, log }: FoundationProps,
  closers: Closers,
): Promise<Foundation> {
  const accountId = CONTROL_ACCOUNT;
  const region = CONTROL_REGION;
  // Starts first, while this process is small.
  const programs = createProgramStarter();
  closers.add(() => programs.stop());
  const directory = openDataDirectory(data);
  closers.add(() => directory.release());
  const assemblies = readDeployedAssemblies(assemblyDirectory, accountId, region);
  const keptDirectory = directory.isKept ? directory.path : undefined;
  const database = openDatabase(keptDirectory);
  closers.add(() => database.close());
  const door = createDoor({ accountId, region, log });
  const server = await startDoorServer(door, log);
  closers.add(() => server.close());
  const context: LocalContext = {
    door,
    database,
    accountId,
    region,
    endpoint: () => server.url,
    assemblyDirectory,
    filesDirectory: join(directory.path, 'files'),
    findAsset: assemblies.findAsset,
    log,
  };
  return { context, programs, assemblies, door, keptDirectory };
}
