// The code of README.md: each region stands there as it stands here, and examples.test.ts runs it.
import { init, sendMessage, HermodError, type Client } from '../../src/index.ts';

export async function first(baseUrl: string, apiKey: string) {
  // region first
  init({ baseUrl, apiKey });

  const message = await sendMessage('+12025550100', 'Your code is 4711');
  console.log(message.id, message.status);
  // endregion
  return message;
}

export async function kinds(hermod: Client) {
  // region kinds
  await hermod.sendMessage('ana@example.com', { subject: 'Welcome', text: 'Glad you are here.' });
  await hermod.sendMessage({ external_id: 'customer-7' }, 'Your parcel is on its way', 'sandbox');
  const sent = await hermod.sendMessage('+12025550100', { text: '4711', priority: 'otp', wait: 10 });
  // endregion
  return sent;
}

export async function lists(hermod: Client) {
  const names: (string | null)[] = [];
  // region lists
  for await (const person of hermod.people.list({ limit: 100 })) names.push(person.name);

  const page = await hermod.messages.list({ limit: 20 }).page();
  const following = page.next ? await hermod.messages.list({ limit: 20 }).page(page.next) : null;
  // endregion
  return { names, page, following };
}

export async function listening(hermod: Client, store: { load(): string | undefined; save(cursor: string): void }) {
  const seen: string[] = [];
  // region listening
  for await (const event of hermod.events.listen({ after: store.load(), onCursor: store.save })) {
    if (event.type === 'message.status') seen.push(`${event.data.message.id} ${event.data.message.status}`);
    if (seen.length === 2) {
      store.save(event.cursor); // who leaves the loop has handled this one
      break;
    }
  }
  // endregion
  return seen;
}

export async function errors(hermod: Client) {
  const notes: string[] = [];
  // region errors
  try {
    await hermod.sendMessage('not a number', 'hello');
  } catch (error) {
    if (!(error instanceof HermodError)) throw error;
    if (error.code === 'invalid_phone_number') notes.push('Please check the number.');
    else if (error.errors.length > 0) for (const { field, message } of error.errors) notes.push(`${field} ${message}`);
    else notes.push(`${error.code}, request ${error.requestId}`);
  }
  // endregion
  return notes;
}
