"""Real inland cities with their coordinates: far enough from any sea that an offset of 3 km stays on land."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class City:
    name: str
    latitude: float
    longitude: float
    postal_code: str
    street: str


@dataclass(frozen=True, slots=True)
class Country:
    alpha3: str
    time_zone: str
    vat: str  # per cent, as written in a tariff
    cities: tuple[City, ...]


COUNTRIES: dict[str, Country] = {
    "NL": Country(
        "NLD",
        "Europe/Amsterdam",
        "21",
        (
            City("Utrecht", 52.0907, 5.1214, "3511", "Croeselaan"),
            City("Amersfoort", 52.1561, 5.3878, "3811", "Stadsring"),
            City("Eindhoven", 51.4416, 5.4697, "5611", "Boschdijk"),
            City("Tilburg", 51.5606, 5.0919, "5011", "Spoorlaan"),
            City("Arnhem", 51.9851, 5.8987, "6811", "Velperweg"),
            City("Apeldoorn", 52.2112, 5.9699, "7311", "Stationsstraat"),
            City("Enschede", 52.2215, 6.8937, "7511", "Haaksbergerstraat"),
            City("Zwolle", 52.5168, 6.0830, "8011", "Burgemeester Drijbersingel"),
            City("Nijmegen", 51.8126, 5.8372, "6511", "Graafseweg"),
            City("Venlo", 51.3704, 6.1724, "5911", "Roermondsestraat"),
        ),
    ),
    "BE": Country(
        "BEL",
        "Europe/Brussels",
        "21",
        (
            City("Leuven", 50.8798, 4.7005, "3000", "Tiensevest"),
            City("Mechelen", 51.0259, 4.4776, "2800", "Postzegellaan"),
            City("Gent", 51.0543, 3.7174, "9000", "Koningin Fabiolalaan"),
            City("Namur", 50.4674, 4.8720, "5000", "Avenue de la Gare"),
            City("Liège", 50.6326, 5.5797, "4000", "Rue des Guillemins"),
            City("Charleroi", 50.4108, 4.4446, "6000", "Boulevard Tirou"),
            City("Hasselt", 50.9307, 5.3325, "3500", "Kempische Steenweg"),
            City("Mons", 50.4542, 3.9523, "7000", "Boulevard Dolez"),
        ),
    ),
    "DE": Country(
        "DEU",
        "Europe/Berlin",
        "19",
        (
            City("Berlin", 52.5200, 13.4050, "10115", "Invalidenstraße"),
            City("München", 48.1351, 11.5820, "80331", "Arnulfstraße"),
            City("Köln", 50.9375, 6.9603, "50667", "Aachener Straße"),
            City("Frankfurt am Main", 50.1109, 8.6821, "60311", "Hanauer Landstraße"),
            City("Stuttgart", 48.7758, 9.1829, "70173", "Heilbronner Straße"),
            City("Leipzig", 51.3397, 12.3731, "04109", "Prager Straße"),
            City("Dresden", 51.0504, 13.7373, "01067", "Könneritzstraße"),
            City("Hannover", 52.3759, 9.7320, "30159", "Vahrenwalder Straße"),
            City("Nürnberg", 49.4521, 11.0767, "90402", "Frauentorgraben"),
            City("Kassel", 51.3127, 9.4797, "34117", "Wilhelmshöher Allee"),
            City("Freiburg im Breisgau", 47.9990, 7.8421, "79098", "Bismarckallee"),
            City("Erfurt", 50.9848, 11.0299, "99084", "Juri-Gagarin-Ring"),
        ),
    ),
    "AT": Country(
        "AUT",
        "Europe/Vienna",
        "20",
        (
            City("Wien", 48.2082, 16.3738, "1010", "Lassallestraße"),
            City("Graz", 47.0707, 15.4395, "8010", "Annenstraße"),
            City("Linz", 48.3069, 14.2858, "4020", "Wiener Straße"),
            City("Salzburg", 47.8095, 13.0550, "5020", "Alpenstraße"),
            City("Innsbruck", 47.2692, 11.4041, "6020", "Egger-Lienz-Straße"),
            City("Klagenfurt", 46.6247, 14.3053, "9020", "Völkermarkter Ring"),
            City("St. Pölten", 48.2047, 15.6256, "3100", "Mariazeller Straße"),
            City("Wels", 48.1575, 14.0289, "4600", "Salzburger Straße"),
        ),
    ),
}
