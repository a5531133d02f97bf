import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { EVENT_SOURCE, EVENTS, type EventDetail, type EventName } from '../domain/events.ts';
import type { EventBus } from '../domain/ports.ts';

/** Stagegate's own bus. PutEvents answers 200 even when it refuses an entry; `publish` throws then. */
export class EventBridgeBus implements EventBus {
  readonly #busName: string;
  readonly #client: EventBridgeClient;

  constructor(busName: string, client: EventBridgeClient = new EventBridgeClient({})) {
    this.#busName = busName;
    this.#client = client;
  }

  async publish<Name extends EventName>(name: Name, detail: EventDetail<Name>): Promise<void> {
    const Detail = JSON.stringify(EVENTS[name].parse(detail));
    const { Entries = [] } = await this.#client.send(
      new PutEventsCommand({
        Entries: [{ EventBusName: this.#busName, Source: EVENT_SOURCE, DetailType: name, Detail }],
      }),
    );
    const refused = Entries.find(({ ErrorCode }) => ErrorCode);
    if (!refused) return;
    const error = new Error(`publishing ${name}: ${refused.ErrorCode}: ${refused.ErrorMessage ?? ''}`);
    // By its name, an entry that was throttled is told from one that is too large.
    throw Object.assign(error, { name: refused.ErrorCode });
  }
}
