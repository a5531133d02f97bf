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

/** The public DNS of the local cloud, for resolvers on this machine. */
interface NameServer extends LocalService {
  /** Returns `127.0.0.1:<port>` (UDP); throws before the start. */
  address(): string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes the name server for the delegated zones. */
export function createNameServer(zones: ZoneStore, log: (event: LocalEvent) => void): NameServer {
  let socket: Socket | undefined;
  return {
    provisioners: {},
    async start() {
      const opened = await openSocket();
      opened.on('error', (error) => log({ source: 'dns', message: 'crashed', fields: { error: String(error) } }));
      opened.on('message', (message, { address, port }) => {
        const question = readQuestion(message);
        if (question) opened.send(respond(zones, question, log), port, address);
      });
      socket = opened;
    },
    async stop() {
      if (socket) await closeSocket(socket);
    },
    address() {
      if (!socket) throw new Error('the name server has not started');
      return `127.0.0.1:${socket.address().port}`;
    },
  };
}

async function openSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      socket.off('error', reject);
      resolve();
    });
  });
  socket.unref();
  return socket;
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

/**
 * Answers a question. A name in no delegated zone gets NXDOMAIN, because there is no DNS besides that of the local
 * cloud.
 */
function answer(zones: ZoneStore, { name, type }: Question): { code: ResponseCode; answers: Answer[] } {
  const records = zones.publicRecords(name);
  if (records.length === 0) return { code: 3, answers: [] };
  const wanted = records.find((set) => set.type === type) ?? records.find((set) => set.type === 'CNAME');
  if (!wanted || !isRecordType(wanted.type)) return { code: 0, answers: [] };
  if (wanted.alias) throw new Error(`${name} is an alias of ${wanted.alias.name}, which no name server here knows`);
  const { type: found, ttl = 0, values = [] } = wanted;
  return { code: 0, answers: values.map((value) => ({ type: found, ttl, value })) };
}
