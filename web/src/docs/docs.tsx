import type { ApiDocument } from './api-document';
import { operationsOf } from './api-document';
import styles from './docs.module.css';
import { OperationSection } from './operation-section';
import { Line, Text } from './text';

/** The API, as its document tells it, for people. */
export function Docs({ document, origin }: { document: ApiDocument; origin: string }) {
  const { info } = document;
  const chapters = document.tags.map((tag) => ({
    ...tag,
    operations: operationsOf(document, tag.name),
  }));
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        <h1 className={styles.title}>The API of {info.title}</h1>
        <p className={styles.version}>
          Version {info.version} · <a href="/api/openapi.json">OpenAPI document</a> ·{' '}
          <a href="/">The sale</a>
        </p>
      </header>
      <nav className={styles.nav} aria-label="Operations">
        <ul>
          {chapters.flatMap(({ operations }) =>
            operations.map(({ method, path, written }) => (
              <li key={written.operationId}>
                <a href={`#${written.operationId}`}>
                  <span className={styles.method}>{method}</span> <code>{path}</code>
                </a>
              </li>
            )),
          )}
        </ul>
      </nav>
      <main className={styles.main}>
        <div className={styles.lead}>
          <Text>{info.description}</Text>
        </div>
        {chapters.map(({ name, description, operations }) => (
          <section key={name} className={styles.chapter} aria-labelledby={`chapter-${name}`}>
            <h2 id={`chapter-${name}`} className={styles.tag}>
              <Line>{description}</Line>
            </h2>
            {operations.map((operation) => (
              <OperationSection
                key={operation.written.operationId}
                document={document}
                operation={operation}
                origin={origin}
              />
            ))}
          </section>
        ))}
      </main>
    </div>
  );
}
