import { deAnswers } from './de-answers';
import { deLookUp } from './de-look-up';
import type { Messages } from './en';

/** Every word that the page says, in German. */
export const de: Messages = {
  language: 'de',

  page: {
    fallbackTitle: 'Flash Sale',
    brand: 'Flash Sale',
    title: (product, phase) => `${product} · ${phase}`,
    otherLanguage: 'English',
    stage: 'Das Produkt und die verbleibende Zeit',
    productPicture: 'Ein Stapel Porzellanscheiben, eine davon zinnoberrot',
    timeZone: (zone) => `Alle Zeiten gelten in Ihrer Zeitzone (${zone}).`,
    clockDecides: 'Es zählt die Uhr des Shops, nicht Ihre. Diese Seite richtet sich nach ihr.',
  },

  phase: {
    loading: 'Lädt',
    unreachable: 'Nicht erreichbar',
    reconnecting: 'Verbindet neu',
    offline: 'Offline',
    upcoming: 'Demnächst',
    active: 'Jetzt im Verkauf',
    paused: 'Unterbrochen',
    sold_out: 'Ausverkauft',
    ended: 'Beendet',
  },

  phaseNews: {
    loading: '',
    unreachable: 'Der Shop ist nicht erreichbar. Diese Seite versucht es weiter.',
    upcoming: 'Der Verkauf hat noch nicht begonnen.',
    active: 'Der Verkauf läuft. Sie können jetzt kaufen.',
    paused: 'Der Verkauf ist unterbrochen. Der Knopf öffnet sich von selbst, sobald es weitergeht.',
    sold_out: 'Alles ist ausverkauft.',
    ended: 'Der Verkauf ist beendet.',
  },

  countdown: {
    toStart: 'Beginnt in',
    toEnd: 'Endet in',
    days: 'Tage',
    hours: 'Stunden',
    minutes: 'Minuten',
    seconds: 'Sekunden',
    spoken: (label, parts) => {
      const units: [number, string, string][] = [
        [parts.days, 'Tag', 'Tagen'],
        [parts.hours, 'Stunde', 'Stunden'],
        [parts.minutes, 'Minute', 'Minuten'],
        [parts.seconds, 'Sekunde', 'Sekunden'],
      ];
      const words = units
        .filter(([amount], index) => amount > 0 || index === units.length - 1)
        .map(([amount, one, many]) => `${amount} ${amount === 1 ? one : many}`);
      return `${label} ${words.join(' ')}`;
    },
    loading: 'Der Shop wird nach der Zeit gefragt',
    unreachableTitle: 'Kein Netz',
    unreachableBody: 'Diese Seite versucht es weiter.',
    soldOutTitle: 'Vergriffen',
    soldOutBody: (units) => `Alle ${units} haben ein Zuhause gefunden.`,
    pausedTitle: 'Pause',
    pausedBody: (moment) => `Geöffnet bis ${moment}`,
    endedTitle: 'Beendet',
    endedBody: (moment) => `Geschlossen seit ${moment}.`,
  },

  product: {
    opens: (moment) => `Beginnt ${moment}`,
    closes: (moment) => `Geöffnet bis ${moment}`,
    opened: (moment) => `Begann ${moment}`,
    closed: (moment) => `Endete ${moment}`,
    number: 'Nr.',
  },

  stock: {
    label: 'Verfügbar',
    left: (left, total) => `noch ${left} von ${total}`,
    of: (total) => `von ${total} übrig`,
    edition: (total) => `Auflage ${total}`,
  },

  form: {
    label: 'E-Mail oder Kundennummer',
    hint: 'Ein Stück pro Person.',
    buy: 'Jetzt kaufen',
    sending: 'Bestellung wird gesendet',
    checking: 'Ihr Browser wird geprüft',
    waiting: 'Fragt weiter',
    tryAgain: 'Noch einmal versuchen',
    askAgain: 'Noch einmal fragen',
    opensByItself: 'Lassen Sie diese Seite offen: Der Knopf öffnet sich von selbst, ohne Neuladen.',
    firstCome: 'Bestellungen gelten in der Reihenfolge, in der sie eintreffen.',
    goesOnByItself:
      'Lassen Sie diese Seite offen: Der Knopf öffnet sich von selbst, sobald es weitergeht.',
  },

  signIn: {
    as: 'Angemeldet als',
    asking: 'Der Shop wird gefragt, wer Sie sind.',
    unknown: 'Der Shop hat nicht gesagt, wer Sie sind. Diese Seite fragt von selbst noch einmal.',
    missing: {
      title: 'Melden Sie sich an, um zu kaufen.',
      body: 'Der Shop verkauft das an Kunden, die angemeldet sind.',
    },
    expired: {
      title: 'Ihre Anmeldung ist abgelaufen.',
      body: 'Melden Sie sich noch einmal an, dann geht es hier weiter.',
    },
    kept: 'Ihre Bestellung liegt bereit. Sie geht von selbst hinaus, wenn Sie zurück sind.',
    link: (shop) => `Bei ${shop} anmelden`,
    inWords: (shop) => `Melden Sie sich bei ${shop} an und kommen Sie dann auf diese Seite zurück.`,
  },

  check: {
    checking: 'Ihr Browser wird geprüft …',
    checkingByService: 'Ihr Browser wird geprüft … Werden Sie etwas gefragt, antworten Sie hier.',
    passed: 'Ihr Browser ist geprüft.',
    later: 'Die Prüfung war nicht möglich. Diese Seite versucht es von selbst noch einmal.',
    failed:
      'Ihr Browser hat die Prüfung nicht bestanden. Versuchen Sie es noch einmal oder mit einem anderen.',
    again: 'Noch einmal prüfen',
  },

  retry: {
    progress: (tries, triesMax) => `Versuch ${tries} von ${triesMax}`,
    asking: 'Jetzt wird wieder gefragt',
    nextIn: (seconds) => `Nächster Versuch in ${seconds} s`,
    offline: 'Wartet auf Ihre Verbindung',
    now: 'Jetzt versuchen',
    stop: 'Aufhören',
  },

  buyerIdProblems: {
    empty: 'Geben Sie zuerst Ihre E-Mail-Adresse oder Kundennummer ein.',
    too_short: 'Das ist zu kurz: mindestens 3 Zeichen.',
    too_long: 'Das ist zu lang: höchstens 254 Zeichen.',
    control_characters: 'Das enthält Zeichen, die sich nicht tippen lassen.',
  },

  crash: {
    title: 'Diese Seite ist abgestürzt.',
    body: 'Laden Sie sie neu. Eine bestätigte Bestellung ist sicher, und nach einer ohne Antwort können Sie noch einmal fragen.',
  },

  unreachable: {
    title: 'Der Shop ist nicht erreichbar.',
    body: 'Prüfen Sie Ihre Verbindung und lassen Sie diese Seite offen. Sobald der Shop antwortet, geht es von selbst weiter.',
  },

  paused: {
    title: 'Der Verkauf ist unterbrochen.',
    body: 'Der Shop verkauft im Moment nichts. Bestätigte Bestellungen sind sicher.',
  },

  notReady: {
    title: 'Der Shop kann gerade nur schwer Bestellungen annehmen.',
    body: 'Sie können trotzdem kaufen: Diese Seite fragt so lange, bis der Shop antwortet.',
  },

  closed: {
    sold_out: {
      title: 'Alle sind vergeben.',
      body: 'In diesem Verkauf kommt nichts zurück. Haben Sie bestellt, ist Ihre Bestellung sicher: Sehen Sie unten nach.',
    },
    ended: {
      title: 'Dieser Verkauf ist vorbei.',
      body: 'Bestellungen werden nicht mehr angenommen. Haben Sie bestellt, ist Ihre Bestellung sicher: Sehen Sie unten nach.',
    },
  },

  answers: deAnswers,

  wait: (ms) => {
    const seconds = Math.max(1, Math.ceil(ms / 1000));
    if (seconds < 90) return seconds === 1 ? '1 Sekunde' : `${seconds} Sekunden`;
    return `${Math.ceil(seconds / 60)} Minuten`;
  },

  receipt: {
    kicker: 'Beleg',
    shop: 'Shop',
    confirmed: 'Bestätigt',
    print: 'Drucken',
    purchased: 'Es gehört Ihnen.',
    alreadyPurchased: 'Sie haben schon eins.',
    lookedUp: 'Ja, Sie haben eins.',
    alreadyPurchasedBody:
      'Pro Person gibt es ein Stück, deshalb wurde nichts Neues bestellt. Das ist Ihre Bestellung.',
    purchasedBody:
      'Ihre Bestellung ist dauerhaft gespeichert. Bewahren Sie die Nummer auf: Sie ist Ihr Beweis.',
    lookedUpBody: 'Der Shop hat diese Bestellung unter Ihrer Angabe.',
    order: 'Bestellung',
    buyer: 'Bestellt von',
    product: 'Produkt',
    copy: 'Nummer kopieren',
    copied: 'Kopiert',
    copyFailed: 'Kopieren wurde verweigert: Markieren Sie die Nummer',
    another: 'Für jemand anderen bestellen',
    goneTitle: 'Keine solche Bestellung in diesem Verkauf.',
    goneBody: (userId) =>
      `Der Shop hat keine Bestellung für ${userId}. Der Beleg in diesem Browser wurde deshalb entfernt.`,
  },

  lookUp: deLookUp,
};
