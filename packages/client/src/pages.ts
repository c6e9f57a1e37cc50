/** One page of a list; `next` is the cursor of the page after it, null on the last. */
export interface Page<T> {
  data: T[];
  next: string | null;
}

/**
 * A list, fetched as you walk it: `for await (const person of client.people.list())` walks all
 * items, `pages()` walks pages, `page()` fetches one.
 */
export interface Listing<T> extends AsyncIterable<T> {
  page(cursor?: string): Promise<Page<T>>;
  pages(): AsyncIterable<Page<T>>;
}

export function createListing<T>(fetchPage: (cursor: string | undefined) => Promise<Page<T>>): Listing<T> {
  async function* pages(): AsyncGenerator<Page<T>> {
    let cursor: string | undefined;
    do {
      const page = await fetchPage(cursor);
      yield page;
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }
  return {
    page: fetchPage,
    pages,
    async *[Symbol.asyncIterator]() {
      for await (const page of pages()) yield* page.data;
    },
  };
}
