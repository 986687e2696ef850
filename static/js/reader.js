// How dates and numbers are written for whoever reads the page: as the server writes them there.

const { dates, numbers, zone } = document.documentElement.dataset;

// A formatter of moments. Without a zone that the person chose, the browser uses its own.
export function dateFormat(options) {
  return new Intl.DateTimeFormat(dates || "en-GB", zone ? { timeZone: zone, ...options } : options);
}

const counts = new Intl.NumberFormat(numbers || "en-US");

export function counted(number) {
  return counts.format(number);
}
