import { createSocket, type Socket } from 'node:dgram';
import type { LocalEvent } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import {
  type Answer,
  isRecordType,
  type Question,
  type ResponseCode,
  readQuestion,
  writeResponse,
} from './dns-message.ts';
import type { ZoneStore } from './zone-store.ts';

export interface NameServer {
  /** `127.0.0.1:<port>`, UDP. */
  readonly address: string;
  close(): Promise<void>;
}

/** The name server as a part of the local cloud, which runs from its start to its stop. */
export function createNameServer(
  zones: ZoneStore,
  log: (event: LocalEvent) => void,
): LocalService & {
  /** Throws before the start. */
  address(): string;
} {
  let running: NameServer | undefined;
  return {
    provisioners: {},
    async start() {
      running = await startNameServer(zones, log);
    },
    stop: () => running?.close(),
    address() {
      if (!running) throw new Error('the name server has not started');
      return running.address;
    },
  };
}

/** Serves the delegated zones to resolvers on this machine: the public DNS of the local cloud. */
export async function startNameServer(zones: ZoneStore, log: (event: LocalEvent) => void): Promise<NameServer> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      socket.off('error', reject);
      resolve();
    });
  });
  socket.on('error', (error) => log({ source: 'dns', message: 'crashed', fields: { error: String(error) } }));
  socket.on('message', (message, { address, port }) => {
    const question = readQuestion(message);
    if (question) socket.send(respond(zones, question, log), port, address);
  });
  socket.unref();
  return { address: `127.0.0.1:${socket.address().port}`, close: () => closeSocket(socket) };
}

const closeSocket = (socket: Socket): Promise<void> => new Promise((resolve) => socket.close(() => resolve()));

function respond(zones: ZoneStore, question: Question, log: (event: LocalEvent) => void): Buffer {
  try {
    const { code, answers } = answer(zones, question);
    return writeResponse(question, code, answers);
  } catch (error) {
    log({ source: 'dns', message: 'no answer', fields: { name: question.name, error: String(error) } });
    return writeResponse(question, 2, []);
  }
}

/** NXDOMAIN for what no delegated zone holds; there is no other DNS than that of the local cloud. */
function answer(zones: ZoneStore, { name, type }: Question): { code: ResponseCode; answers: Answer[] } {
  const records = zones.publicRecords(name);
  if (records.length === 0) return { code: 3, answers: [] };
  const wanted = records.find((set) => set.type === type) ?? records.find((set) => set.type === 'CNAME');
  if (!wanted || !isRecordType(wanted.type)) return { code: 0, answers: [] };
  if (wanted.alias) throw new Error(`${name} is an alias of ${wanted.alias.name}, which no name server here knows`);
  const { type: found, ttl = 0, values = [] } = wanted;
  return { code: 0, answers: values.map((value) => ({ type: found, ttl, value })) };
}
