import * as z from 'zod';
import { JsonSchema } from '../../asl/json.ts';
import { AwsError, type Operation } from '../../door/wire.ts';
import type { EventEnvelope } from './event-envelope.ts';

const EntrySchema = z.strictObject({
  Source: z.string().optional(),
  DetailType: z.string().optional(),
  Detail: z.string().optional(),
  EventBusName: z.string().default('default'),
  Resources: z.array(z.string()).default([]),
  Time: z.number().optional(),
  TraceHeader: z.string().optional(),
});
type Entry = z.infer<typeof EntrySchema>;
const PutEventsInput = z.strictObject({ Entries: z.array(EntrySchema).min(1).max(10) });
const DetailSchema = z.record(z.string(), JsonSchema);

/** EventBridge's limit in bytes for all entries of a call together. */
const MAX_REQUEST_BYTES = 1_048_576;
const MAX_DETAIL_TYPE_LENGTH = 128;

/** The failure of one entry; the other entries of the call can still be accepted. */
interface EntryFailure {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

interface PutEventsProps {
  readonly busArn: (nameOrArn: string) => string;
  readonly hasBus: (nameOrArn: string) => boolean;
  /** Puts an event on a bus, stores it permanently, and returns its id. */
  readonly put: (
    nameOrArn: string,
    event: Pick<EventEnvelope, 'source' | 'detail-type' | 'resources' | 'detail'> & { readonly timeMs?: number },
  ) => string;
}

/** Makes PutEvents. An invalid entry fails alone; a problem of the whole request fails the call. */
export function createPutEvents({ busArn, hasBus, put }: PutEventsProps): Operation {
  const putEntry = (entry: Entry): { readonly EventId: string } | EntryFailure => {
    const { Source = '', DetailType = '', Detail = '', EventBusName, Resources, Time } = entry;
    const missing = Object.entries({ Source, DetailType, Detail }).find(([, value]) => value === '')?.[0];
    if (missing) return invalidArgument(missing, `${missing} is a required argument.`);
    if (DetailType.length > MAX_DETAIL_TYPE_LENGTH) {
      return invalidArgument('DetailType', `DetailType has more than ${MAX_DETAIL_TYPE_LENGTH} characters.`);
    }
    if (Source.startsWith('aws.')) {
      return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
    }
    const detail = parseDetail(Detail);
    if (!detail) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
    if (!hasBus(EventBusName)) {
      return { ErrorCode: 'ResourceNotFoundException', ErrorMessage: `Event bus ${EventBusName} does not exist.` };
    }
    const timeMs = Time === undefined ? undefined : Time * 1000;
    return {
      EventId: put(EventBusName, { source: Source, 'detail-type': DetailType, resources: Resources, detail, timeMs }),
    };
  };
  return {
    permissions: (input) =>
      PutEventsInput.parse(input).Entries.map(({ EventBusName, Source, DetailType }) => ({
        action: 'events:PutEvents',
        resources: [busArn(EventBusName)],
        context: {
          ...(Source === undefined ? {} : { 'events:source': Source }),
          ...(DetailType === undefined ? {} : { 'events:detail-type': DetailType }),
        },
      })),
    async perform(input) {
      const { Entries } = PutEventsInput.parse(input);
      const bytes = Entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
      if (bytes > MAX_REQUEST_BYTES) {
        throw new AwsError(
          'ValidationException',
          `Total size of the entries in the request is over the limit: ${bytes} bytes.`,
        );
      }
      const results = Entries.map(putEntry);
      return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
    },
  };
}

function invalidArgument(parameter: string, reason: string): EntryFailure {
  return { ErrorCode: 'InvalidArgument', ErrorMessage: `Parameter ${parameter} is not valid. Reason: ${reason}` };
}

function parseDetail(text: string): EventEnvelope['detail'] | undefined {
  try {
    return DetailSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Returns the size of an entry as EventBridge counts it: its texts, and 14 bytes for a time. */
function entryBytes({ Source = '', DetailType = '', Detail = '', Resources, Time }: Entry): number {
  const texts = [Source, DetailType, Detail, ...Resources];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), Time === undefined ? 0 : 14);
}
